package check

import "strings"

// names are the checks of code names.
func names() []Validator {
	return []Validator{
		{Name: "code_name", About: "the name of something secret: no role, no document, no public project", Check: codeName},
	}
}

// openNames are words that follow Project or Operation without being secret: parts of
// projects, roles, documents, and projects that everybody knows.
const openNames = " account accounting activity administration administrator agile aims allocation analysis analyst approach approval architecture assessment " +
	"assistant associate background based baseline board brief briefing budget budgets calendar case center centre challenge champion charter checklist client close closeout closure code " +
	"communication completion concept constraints context controls coordinator cost costs creation data date deadline deliverables delivery description design details development " +
	"director documentation documents domain duration effort end engineer engineering estimate evaluation execution explorer facts files finance folder forecast format from funding gantt goal goals governance " +
	"group guide guidelines history home ideas implementation information initiation introduction issues kickoff launch lead leader leadership lessons level librarian life lifecycle list location log " +
	"management manager managers managing manual mapping marketing meeting member members metrics milestone milestones model monitoring name names number objective objectives office officer options order outcome outcomes " +
	"outline overview owner owners page part participants partner phase phases pipeline plan planner planning plans portfolio presentation priorities procedure process procurement profile progress proposal purpose quality " +
	"rationale record records report reporting reports repository requirement requirements resource resources result results review risk risks roadmap role roles root schedule scheduling scope section security settings setup sheet sites size software sponsor " +
	"sponsors staff stage stages stakeholder stakeholders standard standards start statement status step steps strategy structure success summary supervisor support system target task tasks team teams template templates time timeline title tools " +
	"topic track tracker training type types update updates value vision website with work workflow workspace year your this that these those they what when which will would should could have does " +
	"manual room theatre theater hours instructions cost costs mode system systems modes name signs research center " + // Operation …
	"bookworm bullseye buster trixie sid jammy focal noble bionic xenial maipo plow ootpa hydrogen iron carbon boron argon dubnium erbium fermium gallium krypton jod ventura sonoma sequoia monterey tahoe longhorn " +
	"project projekt operation initiative bugtracker council debugger developers enterprises license public translators users website wiki sources tree " +
	"almanac apollo ara artemis authors contributors foundation maintainers known gemini soyuz hubble voyager  aristotle astoria athena atlas avalon brainwave bluebook catalyst drawdown euler fluent freta gutenberg hail honey jigsaw jupyter kuiper lombok loom loon manhattan mayhem mercury montauk natal " +
	"naptha oxygen panama polaris power reactor runway sandcastle sekai semicolon server shield siena spark stargate starline sunroof syndicate titan treble valhalla vesta veritas wing winter wonderland zero zomboid zork " +
	"barbarossa overlord market desert iraqi neptune paperclip mincemeat valkyrie sealion dynamo chromite torch warp gladio condor cyclone entebbe christmas smile bluestar blue sindoor ajax mockingbird chrome fantasia "

// codeName looks at the last word of "Project Larkspur".
func codeName(s string) Verdict {
	words := strings.Fields(s)
	if len(words) < 2 {
		return Bad
	}
	name := strings.ToLower(words[len(words)-1])
	switch {
	case strings.Contains(openNames, " "+name+" "):
		return Bad
	case strings.HasSuffix(name, "tion"), strings.HasSuffix(name, "ment"), strings.HasSuffix(name, "ments"), strings.HasSuffix(name, "tions"), strings.HasSuffix(name, "ities"):
		return Bad
	}
	return Good
}
