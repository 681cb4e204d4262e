// hyperscan PATTERNS ROUNDS TEXT...: how fast Hyperscan scans each text for all patterns, one
// a line, in block mode with the ends of matches only, which is its fastest. Prints a line a
// text: name, MB per second of CPU time (the best round), matches. The first line tells how
// many patterns it took and how long it compiled. PIECE in the environment cuts texts into
// pieces of so many bytes and adds the median and the 99th percentile in µs.
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(clockid_t c) {
	struct timespec t;
	clock_gettime(c, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static char *slurp(const char *name, size_t *n) {
	FILE *f = fopen(name, "rb");
	if (!f) { perror(name); exit(1); }
	fseek(f, 0, SEEK_END);
	*n = ftell(f);
	rewind(f);
	char *b = malloc(*n + 1);
	if (!b || fread(b, 1, *n, f) != *n) { perror(name); exit(1); }
	b[*n] = 0;
	fclose(f);
	return b;
}

static unsigned long long matches;
static int count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx) {
	(void)id, (void)from, (void)to, (void)flags, (void)ctx;
	matches++;
	return 0;
}

static int ascending(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv) {
	if (argc < 4) return 2;
	size_t n;
	char *list = slurp(argv[1], &n);
	int all = 0, kept = 0;
	for (char *p = list; *p; p++) all += *p == '\n';
	const char **exprs = malloc(all * sizeof *exprs);
	unsigned *flags = malloc(all * sizeof *flags), *ids = malloc(all * sizeof *ids);
	double start = now(CLOCK_PROCESS_CPUTIME_ID);
	for (char *p = strtok(list, "\n"); p; p = strtok(NULL, "\n")) {
		unsigned f = strstr(p, "\\p") ? HS_FLAG_UTF8 : 0;
		hs_database_t *one;
		hs_compile_error_t *err;
		if (hs_compile(p, f, HS_MODE_BLOCK, NULL, &one, &err) != HS_SUCCESS) {
			hs_free_compile_error(err);
			continue;
		}
		hs_free_database(one);
		exprs[kept] = p, flags[kept] = f, ids[kept] = kept;
		kept++;
	}
	double alone = now(CLOCK_PROCESS_CPUTIME_ID);
	hs_database_t *db;
	hs_compile_error_t *err;
	if (hs_compile_multi(exprs, flags, ids, kept, HS_MODE_BLOCK, NULL, &db, &err) != HS_SUCCESS) {
		fprintf(stderr, "%s\n", err->message);
		return 1;
	}
	printf("patterns %d %d %.3f\n", kept, all, now(CLOCK_PROCESS_CPUTIME_ID) - alone);
	(void)start;
	hs_scratch_t *scratch = NULL;
	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS) return 1;
	int rounds = atoi(argv[2]);
	const char *piece = getenv("PIECE");
	for (int i = 3; i < argc; i++) {
		char *text = slurp(argv[i], &n);
		size_t step = piece ? strtoul(piece, NULL, 10) : n;
		double *took = malloc((n / step + 1) * sizeof *took), best = 1e9;
		size_t pieces = 0;
		for (int r = 0; r < rounds; r++) {
			matches = pieces = 0;
			double from = now(CLOCK_THREAD_CPUTIME_ID);
			for (size_t at = 0; at + step <= n; at += step) {
				double t = piece ? now(CLOCK_MONOTONIC) : 0;
				hs_scan(db, text + at, step, 0, scratch, count, NULL);
				if (piece) took[pieces++] = now(CLOCK_MONOTONIC) - t;
			}
			double d = now(CLOCK_THREAD_CPUTIME_ID) - from;
			if (d < best) best = d;
		}
		printf("%s %.3f %llu", strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i], n / best / 1e6, matches);
		if (pieces) {
			qsort(took, pieces, sizeof *took, ascending);
			printf(" %.2f %.2f", took[pieces / 2] * 1e6, took[pieces * 99 / 100] * 1e6);
		}
		printf("\n");
		fflush(stdout);
		free(took);
		free(text);
	}
	return 0;
}
