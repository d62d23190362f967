/* SPDX-License-Identifier: ISC */
/* blob: a secret sealed for a configuration file. */
#include "cmd/blob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"

/* Where the keys for the file's secrets lie; to be freed. */
static char *
key_path(const struct conf_source *file)
{
	const char *path = file->path, *slash = strrchr(path, '/');

	if (file->is_system)
		return mem_printf("%s/seal.key", sys_confdir());
	if (slash == NULL)
		return mem_dup("seal.key");
	return mem_printf("%.*s/seal.key", (int)(slash - path), path);
}

int
blob_new_key(const struct cmd_call *c, const struct conf_source *file,
    bool wanted, struct err *e)
{
	char kid[SEAL_KID_LENGTH + 1];
	char *path = key_path(file);
	int rc = seal_new_key(path, kid, e);

	if (rc == 0 && wanted)
		printf("new key %s in %s\n", kid, path);
	else if (rc == 0)
		cmd_say(c, "new key %s in %s", kid, path);
	free(path);
	return rc;
}

/* The key of the token cache is not for the configuration: that it may be
 * lost is no harm. */
static int
load_ring(const struct cmd_call *c, const struct conf_source *file,
    struct seal_ring **ring, struct err *e)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char *system = mem_printf("%s/seal.key", sys_confdir());
	char *own = file->is_system ? NULL : key_path(file);
	struct seal_places places = { NULL, system, own, NULL };
	char *credential = NULL;
	struct seal_key k;
	int rc;

	if (credentials != NULL && credentials[0] == '/')
		credential = mem_printf("%s/osmtp-seal", credentials);
	places.credential = credential;
	rc = seal_load(&places, false, ring, e);
	if (rc == 0 && !seal_key(*ring, 0, &k)) {
		seal_free(*ring);
		*ring = NULL;
		rc = blob_new_key(c, file, false, e);
		if (rc == 0)
			rc = seal_load(&places, false, ring, e);
	}
	free(credential);
	free(system);
	free(own);
	return rc;
}

int
blob_make(const struct cmd_call *c, const struct conf_source *file,
    const char *profile, const char *field, const struct secret *s,
    struct buf *out, struct err *e)
{
	const struct seal_use use = { "config", profile, field };
	struct seal_ring *ring = NULL;
	int rc = load_ring(c, file, &ring, e);

	if (rc == 0)
		rc = seal_close(ring, &use, s, out, e);
	seal_free(ring);
	return rc;
}
