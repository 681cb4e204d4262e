// Package house holds the rules of the house as tests: import graph, package comments,
// banned names, true documents.
package house
