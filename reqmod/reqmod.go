// Package reqmod is the request path: classify, extract, scan, decide, answer, record.
//
// [Handler] answers REQMOD requests by one immutable snapshot of [Rules]; [Handler.Explain]
// goes the same way for a recorded request and tells what it saw. Interfaces to what lies
// beyond (the recorder, exceptions, geography) are declared here and wired by the command.
package reqmod
