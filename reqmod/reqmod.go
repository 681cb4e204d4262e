// Package reqmod is the request path: classify, extract, scan, decide, answer, record.
package reqmod
