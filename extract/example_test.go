package extract_test

import "context"

func exampleContext() context.Context { return context.Background() }
