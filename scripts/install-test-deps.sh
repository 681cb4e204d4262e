#!/bin/sh
# install-test-deps.sh: what `make test` needs besides Go, from the Debian or Ubuntu archive and
# the npm registry. It skips what is there, says nothing when all is there, and fails with the
# names of what is missing.
set -eu
clients="$(cd "$(dirname "$0")/.." && pwd)/internal/blackbox/clients"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

has() { command -v "$1" >/dev/null 2>&1; }
# Where Debian puts daemons is not on every user's PATH.
PATH="$PATH:/usr/sbin:/sbin"

fail() {
  echo "install-test-deps: $1" >&2
  [ -s "$log" ] && tail -n 15 "$log" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# squid without OpenSSL cannot open TLS, so the program alone is no proof.
has_squid() { has squid && squid -v 2>/dev/null | grep -q -- --with-openssl && [ -x /usr/lib/squid/security_file_certgen ]; }
has_postgres() { ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || has postgres; }
has_rsyslog_tls() { ls /usr/lib/*/rsyslog/lmnsd_gtls.so >/dev/null 2>&1; }
has_node() { has node && has npm && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]; }

missing() {
  has_squid || echo squid-openssl
  has_postgres || echo postgresql
  has rsyslogd && has_rsyslog_tls || echo rsyslog rsyslog-gnutls
  has strace || echo strace
  has curl || echo curl
  has openssl || echo openssl
  has setpriv || echo util-linux
  has tesseract || echo tesseract-ocr tesseract-ocr-eng
  [ -f /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
  has_node || echo nodejs npm
  has chromium || echo chromium fonts-liberation
  has prometheus || echo prometheus
}

install_packages() {
  has apt-get || fail "no apt-get here; install by hand: $*"
  [ "$(id -u)" -eq 0 ] || has sudo || fail "not root and no sudo; install by hand: $*"
  echo "install-test-deps: installing $*" >&2
  had=" "
  for daemon in squid prometheus; do has "$daemon" && had="$had$daemon "; done
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >"$log" 2>&1 || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >"$log" 2>&1 ||
    fail "apt-get could not install: $*"
  # These packages start servers of their own; the tests start theirs.
  for daemon in squid prometheus; do
    case "$had" in *" $daemon "*) continue ;; esac
    has systemctl && as_root systemctl disable --now "$daemon" >/dev/null 2>&1 || true
  done
}

install_clients() {
  # npm keeps a copy of the lock file in node_modules; when nothing is newer, all is installed.
  stamp="$clients/node_modules/.package-lock.json"
  if [ -f "$stamp" ] && [ ! "$clients/package-lock.json" -nt "$stamp" ]; then return; fi
  echo "install-test-deps: installing the npm clients" >&2
  (cd "$clients" && npm ci --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error) >"$log" 2>&1 ||
    fail "npm ci did not finish in internal/blackbox/clients"
}

want=$(missing)
# shellcheck disable=SC2086 # one word a package
[ -z "$want" ] || install_packages $want
still=$(missing | tr '\n' ' ')
[ -z "$still" ] || fail "still missing after installing: $still"
install_clients
