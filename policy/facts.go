package policy

import (
	"net/netip"
	"time"
)

// App is what a rule may know of the app.
type App struct {
	ID, Name, Vendor, Category, Host string
	Status                           Status
}

// Account is what a rule may know of the account a request is made with.
type Account struct{ ID, Plan, Kind string }

// User is the person a request belongs to.
type User struct {
	Name   string
	Groups []string
}

// Source is where a request comes from.
type Source struct {
	IP            netip.Addr
	Country, Site string
}

// Device is what the proxy tells of the device.
type Device struct{ ID, Posture string }

// Request is what a rule may know of the HTTP request.
type Request struct {
	Method, Host, Path string
	Bytes              int64
}

// File is one uploaded file.
type File struct {
	Name string `cel:"name"`
	Type string `cel:"type"`
	Size int64  `cel:"size"`
}

// Facts is everything a decision may depend on, but for what the scan found.
type Facts struct {
	App      App
	Activity string // prompt | upload | other | session
	Actor    string // person | agent | server
	Account  Account
	User     User
	Source   Source
	Device   Device
	Request  Request
	Files    []File
	Now      time.Time
}
