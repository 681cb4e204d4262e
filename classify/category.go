package classify

// Category is a kind of app.
type Category struct{ ID, Text string }

// Categories returns the kinds of app that a catalogue may name, in the order in which
// people expect them.
func Categories() []Category {
	return []Category{
		{"chat", "General-purpose chat assistant"},
		{"search", "AI search or answer engine"},
		{"code", "Code assistant, IDE or command-line agent, code review"},
		{"app-builder", "Builds apps or sites from prompts"},
		{"model-api", "Model API or inference host (SDK and server traffic)"},
		{"aggregator", "Front end or router over many vendors' models"},
		{"image-video", "Image, video, 3D and design generation"},
		{"audio-music", "Speech synthesis, voice cloning, music"},
		{"voice-meeting", "Dictation, meeting notes, transcription"},
		{"writing", "Writing, grammar, translation, summaries"},
		{"marketing", "Marketing, sales and content generation"},
		{"docs-data", "Documents, slides, notebooks, data analysis, enterprise search"},
		{"agent", "Agents, automation, orchestration, tool hubs"},
		{"companion", "Companion, character and role-play"},
		{"browser-ext", "AI browser or browser extension"},
		{"local-model", "Local model runtime and model download"},
		{"support-hr", "Customer support, HR, vertical assistants"},
		{"embedded", "General software with AI inside: the host alone proves nothing"},
	}
}
