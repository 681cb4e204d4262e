package profiles_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
)

// The built-in profiles, and some of what each must and must not look for.
func TestProfiles(t *testing.T) {
	e := engine(t)
	cases := map[string]struct{ has, hasNot string }{
		"pci":                   {"credit_card card_cvv card_track", "us_ssn iban"},
		"pii":                   {"us_ssn de_tax_id in_aadhaar br_cpf uk_nino passport phone email iban", "credit_card source_code github_token"},
		"pii-us":                {"us_ssn us_itin us_ein us_npi us_mbi ca_sin phone passport", "de_tax_id uk_nino"},
		"pii-eu":                {"de_tax_id fr_nir es_nif es_nie it_fiscal_code nl_bsn pl_pesel fi_hetu se_personnummer iban", "us_ssn uk_nino"},
		"pii-uk":                {"uk_nhs uk_nino uk_driving_licence phone", "us_ssn de_tax_id"},
		"pii-apac":              {"in_aadhaar in_pan cn_ric kr_rrn sg_nric_fin th_tnin au_tfn au_medicare", "us_ssn"},
		"pii-latam":             {"br_cpf br_cnpj phone", "us_ssn"},
		"financial":             {"credit_card iban us_aba_routing us_bank_account crypto_wallet us_ein", "us_ssn github_token"},
		"health":                {"medical_record us_npi us_dea us_mbi uk_nhs au_medicare", "credit_card"},
		"credentials":           {"github_token aws_secret_access_key password generic_secret private_key connection_string jwt", "credit_card email"},
		"source-code":           {"source_code", "github_token"},
		"confidential-markings": {"confidential_marking", "internal_name"},
		"internal-names":        {"internal_name", "confidential_marking"},
		"default":               {"credit_card us_ssn iban github_token password medical_record confidential_marking internal_name", "source_code date url ip_address us_passport swift_bic"},
	}
	held := map[string][]string{}
	for _, p := range e.Profiles() {
		held[p.ID] = p.Detectors
	}
	for id, c := range cases {
		t.Run(id, func(t *testing.T) {
			if held[id] == nil {
				t.Fatal("not built in")
			}
			for _, d := range strings.Fields(c.has) {
				if !slices.Contains(held[id], d) {
					t.Errorf("does not look for %s", d)
				}
			}
			for _, d := range strings.Fields(c.hasNot) {
				if slices.Contains(held[id], d) {
					t.Errorf("looks for %s", d)
				}
			}
		})
	}
}

// One address or number of a colleague is every second prompt; a list of them is a leak.
func TestDefaultTriggersAtListsOfContacts(t *testing.T) {
	e := engine(t)
	cases := map[string]struct {
		text string
		want bool
	}{
		"one address":     {"write to ann@lark.io", false},
		"two addresses":   {"From: ann@lark.io\nTo: bo@haldenfoods.co.uk", false},
		"three addresses": {"ann@lark.io; bo@haldenfoods.co.uk; cy@ostrava-metall.cz", true},
		"one card":        {"card 4956 5119 1333 8275", true},
		"a code block":    {"def f(x):\n    y = g(x)\n    return y + 1\n\ndef h(x):\n    return f(x)\n", false},
		"a marking":       {"STRICTLY CONFIDENTIAL\nThe offer is 4.2 million.", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			report := e.Scan(context.Background(), dlp.Query{}, dlp.Text{Data: []byte(c.text)})
			if got := e.Triggers("default", nil, report.Findings); got != c.want {
				t.Errorf("triggers: %v, want %v", got, c.want)
			}
		})
	}
}
