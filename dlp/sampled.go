package dlp

import "sync"

// sampleWords call a value a sample.
var sampleWords = sync.OnceValue(func() *hints {
	h := &hints{before: 80, after: 60}
	for _, w := range [...]string{
		"test", "tests", "testing", "sandbox", "example", "examples", "e g", "sample", "samples", "dummy", "demo", "fake", "documentation", "documented",
		"docs", "placeholder", "tutorial", "wikipedia", "fictional", "specimen", "test mode", "stripe", "adyen", "braintree", "paypal", "fixture", "fixtures", "mock",
		"beispiel*", "*testkarte*", "muster*", "testnummer*", "exemple*", "ejemplo*", "prueba*", "esempio", "esempi", "exemplo*", "teste", "voorbeeld*", "przykład*", "testow*", "пример*", //nolint:misspell // French
		"тестов*", "例", "例えば", "サンプル", "テスト", "示例", "测试", "예시", "테스트", "exempel", "esimerkki", "örnek", "příklad*",
	} {
		h.words = append(h.words, newHint(w))
	}
	h.index()
	return h
})

// saysSample reports whether a word near text[start:end] calls it a sample.
func saysSample(text []byte, start, end int) bool {
	var around surroundings
	around.forget()
	_, ok := sampleWords().near(text, start, end, &around)
	return ok
}
