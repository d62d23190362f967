/* SPDX-License-Identifier: ISC */
/* unit: the main of a unit test; TAP on standard output. */
#ifndef T_UNIT_H
#define T_UNIT_H

#include <check.h>
#include <stdlib.h>

/* Run the tests that add() puts into the case, as suite name. */
static inline int
unit_main(const char *name, void (*add)(TCase *tc))
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *r;
	int failed;

	add(tc);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_set_tap(r, "-");
	srunner_run_all(r, CK_SILENT);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
