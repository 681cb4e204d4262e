package main

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
)

// sarifReport collects findings as SARIF 2.1.0 (OASIS standard), one run.
type sarifReport struct {
	out   io.Writer
	rules map[string]bool
	run   sarifRun
}

type sarifRun struct {
	Tool struct {
		Driver struct {
			Name           string      `json:"name"`
			Version        string      `json:"version"`
			InformationURI string      `json:"informationUri"`
			Rules          []sarifRule `json:"rules"`
		} `json:"driver"`
	} `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifRule struct {
	ID string `json:"id"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine   int `json:"startLine"`
			StartColumn int `json:"startColumn"`
		} `json:"region"`
	} `json:"physicalLocation"`
}

func newSARIF(out io.Writer) *sarifReport {
	r := &sarifReport{out: out, rules: map[string]bool{}}
	driver := &r.run.Tool.Driver
	driver.Name, driver.Version, driver.InformationURI = "sluice", version, "https://github.com/sluice-dlp/sluice"
	driver.Rules, r.run.Results, r.run.ColumnKind = []sarifRule{}, []sarifResult{}, "unicodeCodePoints"
	return r
}

func (r *sarifReport) file(path string, _ extract.Outcome, list []found) error {
	for _, f := range list {
		if f.Rejected {
			continue
		}
		if !r.rules[f.Detector] {
			r.rules[f.Detector] = true
			r.run.Tool.Driver.Rules = append(r.run.Tool.Driver.Rules, sarifRule{f.Detector})
		}
		message := f.Detector + " " + f.Masked + " (" + f.Confidence.String() + " confidence)"
		if f.Part != "" {
			message += " in " + f.Part
		}
		var at sarifLocation
		at.PhysicalLocation.ArtifactLocation.URI = (&url.URL{Path: filepath.ToSlash(path)}).String()
		at.PhysicalLocation.Region.StartLine, at.PhysicalLocation.Region.StartColumn = f.Line, f.points+1
		r.run.Results = append(r.run.Results, sarifResult{
			RuleID: f.Detector, Level: sarifLevel(f.Severity),
			Message:      sarifText{message},
			Locations:    []sarifLocation{at},
			Fingerprints: map[string]string{"sluice/v1": f.Fingerprint},
		})
	}
	return nil
}

func (r *sarifReport) end() error {
	enc := json.NewEncoder(r.out)
	enc.SetIndent("", " ")
	return enc.Encode(struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{r.run}})
}

func sarifLevel(s dlp.Severity) string {
	switch s {
	case dlp.SeverityLow:
		return "note"
	case dlp.SeverityMedium:
		return "warning"
	case dlp.SeverityHigh, dlp.SeverityCritical:
		return "error"
	}
	return "none"
}
