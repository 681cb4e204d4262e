package profiles_test

import (
	"context"
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
)

// The example packs load beside the built-in rules, and their profiles trigger at what they
// are for and not at what people ask about it.
func TestExamplePacks(t *testing.T) {
	own, err := dlp.Source("../examples/profiles")
	if err != nil {
		t.Fatal(err)
	}
	e := engine(t, own)
	cases := map[string]struct {
		profile, text string
		want          bool
	}{
		"a customer number":                   {"bank-customers", "reply to customer 799 273 987 5, his limit is too low", true},
		"the format of customer numbers":      {"bank-customers", "our customer numbers have ten digits, write a regex", false},
		"three facts of one customer":         {"bank-customer-file", "Amara Halvorsen, CIF 7992739875, amara@nordvik-shipping.no, DE89 3704 0044 0532 0130 00", true},
		"one fact of a customer":              {"bank-customer-file", "write to amara@nordvik-shipping.no", false},
		"a payment message":                   {"bank-payments", ":20:R1\n:32A:260131EUR1200,00\n:50K:/DE02100100100006820101\n:59:/GB82WEST12345698765432", true},
		"a question about payment messages":   {"bank-payments", "what is field 59 of an MT103 for?", false},
		"a report of suspicion":               {"bank-secrets", "Summarise: we filed a suspicious activity report on the customer in May.", true},
		"training on reports of suspicion":    {"bank-secrets", "Explain what a suspicious activity report is, for a training.", false},
		"a deal":                              {"bank-secrets", "three bidders for project kingfisher", true},
		"a patient's message":                 {"hospital-records", "MSH|^~\\&|LAB|NORD|EHR|NORD|202601310930||ORU^R01", true},
		"a patient beside a diagnosis":        {"hospital-person-and-diagnosis", "MRN 79927398, Dx: hypertension, start lisinopril", true},
		"a diagnosis alone":                   {"hospital-person-and-diagnosis", "Dx: hypertension. First-line treatment?", false},
		"a patient alone":                     {"hospital-person-and-diagnosis", "MRN 79927398 wants a room with a view", false},
		"a prescriber":                        {"hospital-prescribers", "prescriber NPI 1146402262, DEA FC1154260", true},
		"an internal host":                    {"lark-internal", "ping db-7.prod.lark.example times out", true},
		"the public site":                     {"lark-internal", "www.lark.example is slow", false},
		"an unreleased product":               {"lark-internal", "write a tweet about Lark Meridian", true},
		"code with the company's header":      {"lark-code", "// Copyright (c) 2026 Lark GmbH. All rights reserved.\npackage pay\n\nfunc fee(n int64) int64 {\n\treturn (n*29 + 999) / 1000\n}\n", true},
		"code that says nothing of its owner": {"lark-code", "package pay\n\nfunc fee(n int64) int64 {\n\treturn (n*29 + 999) / 1000\n}\n", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if !e.HasProfile(c.profile) {
				t.Fatalf("no profile %s", c.profile)
			}
			report := e.Scan(context.Background(), dlp.Query{Profiles: []string{c.profile}}, dlp.Text{Data: []byte(c.text)})
			if got := e.Triggers(c.profile, nil, report.Findings); got != c.want {
				t.Errorf("%s triggers: %v, want %v; findings: %d", c.profile, got, c.want, len(report.Findings))
			}
		})
	}
	if len(cases) < 15 {
		t.Fatalf("%d cases, want at least 15", len(cases))
	}
}
