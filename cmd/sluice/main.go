// Command sluice is the DLP server behind a company's proxy.
package main

func main() {}
