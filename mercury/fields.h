/*
 * fields.h - brings the header of a message from Mercury to the engine: the line that comes with each event
 * DATA_HEADER. There is no other source: the functions that come with an event list only fields that daemons
 * have marked for addition. Where no line was shown, nothing is said to be missing.
 */
#ifndef GATEPOST_MERCURY_FIELDS_H
#define GATEPOST_MERCURY_FIELDS_H

#include "sessions.h"

/* A new message begins. */
void fields_begin(struct visit *v);

/* A line of the header, with or without a line end. */
void fields_line(const struct gp_api *api, struct visit *v, const char *line, size_t n);

/* The header is over. If no line of it was shown, the engine hears that it is not known. */
void fields_end(const struct gp_api *api, struct visit *v);

#endif
