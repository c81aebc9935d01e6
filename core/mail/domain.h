/*
 * domain.h - domain names as they stand in HELO, addresses and PTR records. Pure functions of text; any thread.
 */
#ifndef GATEPOST_DOMAIN_H
#define GATEPOST_DOMAIN_H

#include "core/base/text.h"

/* A domain name of two labels or more: labels of 1 to 63 letters, digits, hyphens (not at an end) and
 * underscores, 253 bytes in all, the last label not all digits (RFC 3696 section 2; so 1.2.3.4 is none). One
 * dot at the end (the root) is allowed. */
bool domain_is_qualified(struct text t);

/* Without the dots at the end. One of them is the root; a client that writes more means the same host. */
struct text domain_trim(struct text t);

/* The name above: "b.c" for "a.b.c", the empty slice for a single label. */
struct text domain_parent(struct text t);

/* Whether NAME is what PATTERN says: "example.com" itself; ".example.com" it and everything below. Letters of
 * either case, a dot at the end does not count. An empty NAME or PATTERN, or ".", matches nothing. */
bool domain_in(struct text name, struct text pattern);

#endif
