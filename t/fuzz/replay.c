/* SPDX-License-Identifier: ISC */
/*
 * replay: the main of a fuzz target where the compiler brings no fuzzer: the
 * target is called with each seed, with every beginning of it, and with each
 * of its octets changed in turn. TAP, a point a seed; a target that finds
 * something wrong aborts.
 *
 *	fuzz_NAME [FILE...]
 *
 * Without FILE: all of fuzz/corpus/NAME in the folder that T names, else in t.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SEED_MAX = 1024 * 1024,
	WHOLE_ONLY = 512 /* of a larger seed, no beginnings and changes */
};

/* What a changed octet becomes: the edges of most syntaxes. */
static const uint8_t changes[] = { '\0', '\n', '\r', ' ', '"', '-', '9', 0xff };

/* Call the target with a copy of just that size, so that a sanitizer sees
 * the first octet that is read beyond. */
static void
call(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void
vary(uint8_t *data, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++)
		call(data, i);
	for (i = 0; i < n; i++) {
		uint8_t was = data[i];

		for (k = 0; k < sizeof(changes); k++) {
			data[i] = changes[k];
			call(data, n);
		}
		data[i] = was ^ 0x20;
		call(data, n);
		data[i] = was;
	}
}

static int
replay(const char *path)
{
	static uint8_t data[SEED_MAX];
	static int tests;
	FILE *f = fopen(path, "rb");
	size_t n;

	tests++;
	/* Said before, so that the last line names the seed of an abort. */
	printf("# %s\n", path);
	fflush(stdout);
	if (f == NULL) {
		printf("not ok %d - %s: %s\n", tests, path, strerror(errno));
		return 1;
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	call(data, n);
	if (n <= WHOLE_ONLY)
		vary(data, n);
	printf("ok %d - %s\n", tests, path);
	return 0;
}

/* All files of a folder but hidden ones; returns how many there are. */
static int
replay_folder(const char *folder)
{
	struct dirent **v;
	char path[2560];
	int n = scandir(folder, &v, NULL, alphasort);
	int tests = 0, i;

	for (i = 0; i < n; i++) {
		if (v[i]->d_name[0] != '.') {
			snprintf(
			    path, sizeof(path), "%s/%s", folder, v[i]->d_name);
			replay(path);
			tests++;
		}
		free(v[i]);
	}
	if (n >= 0)
		free(v);
	return tests;
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash != NULL ? slash + 1 : argv[0];
	const char *t = getenv("T");
	char folder[2048];
	int failed = 0, i;

	if (argc > 1) {
		for (i = 1; i < argc; i++)
			failed += replay(argv[i]);
		printf("1..%d\n", argc - 1);
		return failed > 0;
	}
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	snprintf(folder, sizeof(folder), "%s/fuzz/corpus/%s",
	    t != NULL ? t : "t", name);
	i = replay_folder(folder);
	printf("1..%d\n", i);
	return i == 0; /* without seeds nothing was tested */
}
