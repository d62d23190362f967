/* SPDX-License-Identifier: ISC */
/*
 * crc: CRC-32C (Castagnoli; RFC 3720 B.4), against files that were cut or
 * altered by accident. It is our own since accepting a message must load no
 * library for it.
 */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what crc stands for (0: nothing) followed by n octets. */
uint32_t crc_add(uint32_t crc, const void *p, size_t n);

#endif
