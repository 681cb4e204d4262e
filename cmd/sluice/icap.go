package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/icap"
)

func icapCommand() *cobra.Command {
	return group("icap", "A client for trying an ICAP server", icapOptionsCommand(), icapSendCommand())
}

// dialICAP reads icap://host[:port]/service.
func dialICAP(target string) (c *icap.Client, service string, err error) {
	u, err := url.Parse(target)
	if err != nil || u.Hostname() == "" || (u.Scheme != "icap" && u.Scheme != "icaps") {
		return nil, "", usageError{fmt.Errorf("%q: want icap://host[:port]/service", target)}
	}
	c = &icap.Client{}
	port := u.Port()
	if u.Scheme == "icaps" {
		c.TLS = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
		if port == "" {
			port = "11344"
		}
	}
	if port == "" {
		port = "1344"
	}
	c.Addr = net.JoinHostPort(u.Hostname(), port)
	return c, u.Path, nil
}

func icapOptionsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "options URL", Short: "Ask a service what it offers",
		Long:    "Ask a service what it offers, and print the answer. Exit code 1 when it is not 200.",
		Example: "  sluice icap options icap://127.0.0.1:1344/reqmod",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, service, err := dialICAP(args[0])
			if err != nil {
				return err
			}
			defer c.Close()
			r, err := c.Options(cmd.Context(), service)
			if err != nil {
				return err
			}
			if err := printReply(cmd, r); err != nil {
				return err
			}
			if r.Status != 200 {
				return errFound
			}
			return nil
		},
	}
}

func icapSendCommand() *cobra.Command {
	var user, ip string
	cmd := &cobra.Command{
		Use: "send URL FILE", Short: "Send an HTTP request from a file as REQMOD, and print the answer",
		Long: "FILE holds an HTTP request as it goes to a proxy: request line, header, an empty line and the body\n" +
			"(line ends LF or CRLF in the head). Exit code 1 when the request does not pass unmodified.",
		Example: "  printf 'POST https://chatgpt.com/backend-api/f/conversation HTTP/1.1\\nHost: chatgpt.com\\n\\n{}' > r.http\n" +
			"  sluice icap send icap://127.0.0.1:1344/reqmod r.http --user alice",
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, service, err := dialICAP(args[0])
			if err != nil {
				return err
			}
			defer c.Close()
			raw, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			head, body, err := splitHTTP(raw)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			m := icap.Message{
				Method: icap.MethodReqmod, Service: service, RequestHead: head, Body: body, HasBody: len(body) > 0,
				Preview: 65535, Allow204: true,
			}
			for name, value := range map[string]string{"X-Client-IP": ip, "X-Client-Username": user} {
				if value != "" {
					m.Header = append(m.Header, icap.Field{Name: name, Value: value})
				}
			}
			r, err := c.Do(cmd.Context(), m)
			if err != nil {
				return err
			}
			if err := printReply(cmd, r); err != nil {
				return err
			}
			if echo := r.Status == 200 && bytes.Equal(r.RequestHead, head) && bytes.Equal(r.Body, body); r.Status != 204 && !echo {
				return errFound
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "user name to send in X-Client-Username")
	cmd.Flags().StringVar(&ip, "client-ip", "127.0.0.1", "address to send in X-Client-IP")
	return cmd
}

// splitHTTP splits a request into its head, with CRLF line ends and the empty line, and
// its body.
func splitHTTP(raw []byte) (head, body []byte, err error) {
	i, n := bytes.Index(raw, []byte("\r\n\r\n")), 4
	if j := bytes.Index(raw, []byte("\n\n")); i < 0 || (j >= 0 && j < i) {
		i, n = j, 2
	}
	if i < 0 {
		return nil, nil, fmt.Errorf("no empty line ends the header")
	}
	head = bytes.ReplaceAll(raw[:i], []byte("\r\n"), []byte("\n"))
	head = bytes.ReplaceAll(head, []byte("\n"), []byte("\r\n"))
	return append(head, "\r\n\r\n"...), raw[i+n:], nil
}

func printReply(cmd *cobra.Command, r *icap.Reply) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "ICAP/1.0 %d\r\n", r.Status)
	text.Write(r.Header.Raw())
	text.WriteString("\r\n")
	text.Write(r.RequestHead)
	text.Write(r.ResponseHead)
	text.Write(r.Body)
	_, err := cmd.OutOrStdout().Write(append(bytes.ReplaceAll(text.Bytes(), []byte("\r\n"), []byte("\n")), '\n'))
	return err
}
