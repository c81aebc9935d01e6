/*
 * fields.h - brings the header of a message from Mercury to the engine. Nobody has written down what Mercury
 * shows of it, so we look at both places where it can be: a line with each event DATA_HEADER, and the list that
 * a function of the event gives at DATA_BODY. What either shows is there; a field is missing only if neither
 * shows it, and where neither shows any field at all, nothing is said to be missing.
 */
#ifndef GATEPOST_MERCURY_FIELDS_H
#define GATEPOST_MERCURY_FIELDS_H

#include "mercury_abi.h"
#include "sessions.h"

/* A new message begins. */
void fields_begin(struct visit *v);

/* A line of the header, a line end behind it or not. */
void fields_line(const struct gp_api *api, struct visit *v, const char *line, size_t n);

/* The header is over. With USE_LIST the list of E is read too; fields whose names were seen in lines are passed
 * over in it. Tells the engine what cannot be known. */
void fields_end(const struct gp_api *api, struct visit *v, const MSEVENTBUF *e, bool use_list);

#endif
