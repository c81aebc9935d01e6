/*
 * domain.h - domain names as they occur in HELO, addresses and PTR records. Pure functions of text; any thread.
 */
#ifndef GATEPOST_DOMAIN_H
#define GATEPOST_DOMAIN_H

#include "core/base/text.h"

/* Returns whether T is a domain name of two labels or more: labels of 1 to 63 letters, digits, hyphens (not
 * at an end) and underscores, 253 bytes in all, the last label not all digits (RFC 3696 section 2; so
 * 1.2.3.4 is not a domain name). One dot at the end (the root) is allowed. */
bool domain_is_qualified(struct text t);

/* Returns T without the dots at its end. One dot is the root; a client that writes more means the same host. */
struct text domain_trim(struct text t);

/* Returns the name above: "b.c" for "a.b.c", the empty slice for a single label. */
struct text domain_parent(struct text t);

/* Returns whether PATTERN covers NAME: "example.com" covers itself; ".example.com" covers it and every name
 * below. Letter case and a dot at the end make no difference. An empty NAME or PATTERN, or ".", matches
 * nothing. */
bool domain_in(struct text name, struct text pattern);

#endif
