package profiles_test

import (
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
)

// declared is what the tests here look at of a detector's YAML.
type declared struct {
	ID, Severity, Reference string
	Tags                    []string
	Tests                   struct{ Match, Clean []yaml.Node }
}

// builtins reads the declarations of all built-in detectors.
func builtins(t testing.TB) map[string]declared {
	t.Helper()
	all := map[string]declared{}
	names, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(profiles.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Detectors []declared }
		if err := yaml.Unmarshal(data, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, d := range file.Detectors {
			all[d.ID] = d
		}
	}
	return all
}

// text returns the text of an in-file test, in whichever of its three forms it is written.
func text(t testing.TB, n *yaml.Node) string {
	t.Helper()
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value
	case yaml.SequenceNode:
		var parts []string
		if err := n.Decode(&parts); err != nil {
			t.Fatal(err)
		}
		return strings.Join(parts, "")
	}
	var m struct{ Text yaml.Node }
	if err := n.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return text(t, &m.Text)
}

// core are the detectors that every user expects. The names are shared with other tools.
const core = `
age_secret_key ai_provider_key anthropic_api_key artifactory_token atlassian_token aws_access_key_id aws_bedrock_api_key
aws_secret_access_key aws_session_token azure_client_secret azure_openai_key azure_other azure_storage_key cloudflare_token
connection_string databricks_token datadog_key digitalocean_token discord_secret docker_token figma_token gcp_service_account
generic_secret github_token gitlab_token google_api_key google_oauth grafana_token hashicorp_vault_token heroku_key
huggingface_token jwt linear_token mailchimp_key mailgun_key newrelic_key notion_token npm_token okta_token onepassword_secret
openai_api_key password_hash postman_key private_key pypi_token sendgrid_key shopify_token slack_token slack_webhook square_key
stripe_key telegram_bot_token terraform_token twilio_key url_credentials
au_abn au_acn au_medicare au_tfn br_cnpj br_cpf ca_sin card_cvv cn_ric confidential_marking credit_card crypto_wallet de_tax_id
email es_nie es_nif fi_hetu fr_nir iban imei in_aadhaar in_gstin in_pan internal_name it_fiscal_code kr_rrn medical_record nl_bsn
passport password phone pl_pesel se_personnummer sg_nric_fin source_code th_tnin tr_national_id uk_nhs uk_nino us_aba_routing
us_bank_account us_dea us_ein us_itin us_mbi us_npi us_ssn vin za_id_number ip_address mac_address date url`

// further are the detectors that alone say little: they need words beside them.
const further = `
de_bsnr de_fuehrerschein de_handelsregister de_health_insurance de_id_card de_kfz de_lanr de_passport de_plz de_social_security
de_tax_number de_vat_id es_passport in_passport in_vehicle_registration in_voter it_driver_license it_identity_card it_passport
it_vat_code kr_brn kr_driver_license kr_frn kr_passport ng_nin ng_vehicle_registration ph_mobile_number ph_tin
se_organisationsnummer sg_uen tr_license_plate tr_phone_number uk_driving_licence uk_passport uk_postcode
uk_vehicle_registration us_driver_license us_passport`

func TestEveryDetectorCarriesItsEvidence(t *testing.T) {
	all := builtins(t)
	for _, id := range strings.Fields(core + further) {
		if _, ok := all[id]; !ok {
			t.Errorf("no detector %s", id)
		}
	}
	tests := 0
	for id, d := range all {
		if len(d.Tests.Match) < 3 || len(d.Tests.Clean) < 3 {
			t.Errorf("%s: %d match and %d clean tests, want at least 3 of each", id, len(d.Tests.Match), len(d.Tests.Clean))
		}
		if u, err := url.Parse(d.Reference); err != nil || u.Scheme != "https" {
			t.Errorf("%s: its reference is no https address", id)
		}
		if d.Severity == "" {
			t.Errorf("%s: no severity", id)
		}
		tests += len(d.Tests.Match) + len(d.Tests.Clean)
	}
	t.Logf("%d detectors, %d tests", len(all), tests)
	if len(all) < 170 || tests < 1100 {
		t.Errorf("%d detectors with %d tests, want at least 170 with 1100", len(all), tests)
	}
}

// A password file in a prompt must not reach a log: what holds credentials is tagged so,
// and then nothing of a value is shown.
func TestSecretsAreTagged(t *testing.T) {
	for id, d := range builtins(t) {
		secret := strings.HasSuffix(id, "_token") || strings.HasSuffix(id, "_key") || strings.HasSuffix(id, "_secret") || strings.HasPrefix(id, "password")
		if secret && !slices.Contains(d.Tags, "credentials") {
			t.Errorf("%s has no tag credentials", id)
		}
	}
}

// Authors are warned of what is likely to disappoint; the built-in rules warn of two things
// on purpose: tokens have no longest length, and some detectors wait for an author's profile.
func TestLintHasNothingElseToSay(t *testing.T) {
	warnings, err := dlp.Lint([]fs.FS{profiles.FS})
	if err != nil {
		t.Fatal(err)
	}
	unused := 0
	for _, w := range warnings {
		switch {
		case strings.Contains(w.Text, "without a bound"):
		case strings.Contains(w.Text, "no profile uses it"):
			unused++
		default:
			t.Errorf("%s:%d: %s", w.File, w.Line, w.Text)
		}
	}
	if unused > 45 {
		t.Errorf("%d detectors are in no profile, want at most 45", unused)
	}
}
