#!/bin/sh
# SPDX-License-Identifier: ISC
# Each check of t/lint finds what it is there for.
exec "${0%/*}/../lint/selftest"
