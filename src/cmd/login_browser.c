/* SPDX-License-Identifier: ISC */
/*
 * login_browser: start a browser.
 *
 * $BROWSER is a list of commands with ':' between them, each of words with
 * blanks between them, in which %s stands for the address; without one it comes
 * last. No shell sees any of it. Without $BROWSER it is xdg-open.
 *
 * A child of ours waits for the browser: xdg-open ends at once and says by its
 * status that there is nothing to open the address with, a browser may run for
 * hours. It leads a session of its own, so that Ctrl-C here does not end it.
 */
#include "cmd/login_part.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

bool
login_has_desktop(void)
{
	static const char *const displays[] = { "DISPLAY", "WAYLAND_DISPLAY" };
	const char *s;

	if (getenv("SSH_CONNECTION") != NULL || getenv("SSH_TTY") != NULL)
		return false;
	for (size_t i = 0; i < 2; i++) {
		s = getenv(displays[i]);
		if (s != NULL && s[0] != '\0')
			return true;
	}
	return false;
}

/* A word of a command with the address in it. */
static bool
add_word(struct text_list *argv, const char *word, size_t n, const char *url)
{
	bool found = false;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		if (word[i] == '%' && i + 1 < n && word[i + 1] == 's') {
			buf_add_str(&b, url);
			found = true;
			i++;
		} else {
			buf_add_char(&b, word[i]);
		}
	}
	text_list_add(argv, b.data);
	buf_clear(&b);
	return found;
}

/* The argv of a command; empty for one of blanks. */
static void
make_argv(
    struct text_list *argv, const char *command, size_t n, const char *url)
{
	const char *end = command + n;
	bool found = false;
	size_t word;

	while (command < end) {
		word = strcspn(command, " \t");
		if (word > (size_t)(end - command))
			word = (size_t)(end - command);
		if (word > 0)
			found |= add_word(argv, command, word, url);
		command += word + 1;
	}
	if (argv->n > 0 && !found)
		text_list_add(argv, url);
}

/* Does the command exist? Then it can be tried, and the next one is not. */
static bool
is_there(const char *name)
{
	const char *path = getenv("PATH"), *end;
	bool found = false;
	char *file;

	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0;
	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	for (; !found; path = end + 1) {
		end = strchrnul(path, ':');
		file = mem_printf("%.*s%s%s", (int)(end - path), path,
		    end > path ? "/" : "./", name);
		found = access(file, X_OK) == 0;
		free(file);
		if (*end == '\0')
			break;
	}
	return found;
}

/* The first command of the list that is there. */
static bool
choose(struct text_list *argv, const char *list, const char *url)
{
	size_t n;

	for (;; list += n + 1) {
		n = strcspn(list, ":");
		text_list_clear(argv);
		make_argv(argv, list, n, url);
		if (argv->n > 0 && is_there(argv->v[0]))
			return true;
		if (list[n] == '\0')
			return false;
	}
}

/* The lock of the login and the port of its listener must not live as long as
 * a browser does. */
static void
close_all_but(int fd)
{
	long max = sysconf(_SC_OPEN_MAX);

	for (int i = STDERR_FILENO + 1; i < max && i < FD_SETSIZE; i++)
		if (i != fd)
			close(i);
}

/* In the child: start it, and write an octet if it fails. */
static void
watch_over(int fd, void *ctx)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	const struct text_list *argv = ctx;
	int status = 0;
	pid_t pid;

	close_all_but(fd);
	setsid();
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]);
		     i++)
			signal(signals[i], SIG_DFL);
		close(fd);
		execvp(argv->v[0], argv->v);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if ((pid == -1 || status != 0) && write(fd, "x", 1) == -1)
		return; /* nobody waits any more */
}

bool
login_open_browser(const char *url, pid_t *pid, int *fd)
{
	struct text_list argv = { NULL, 0 };
	const char *list = getenv("BROWSER");
	bool started = false;

	*fd = -1;
	if (list == NULL || list[0] == '\0')
		list = "xdg-open";
	if (choose(&argv, list, url))
		started =
		    sys_child(watch_over, &argv, false, pid, fd, NULL) == 0;
	text_list_clear(&argv);
	return started;
}
