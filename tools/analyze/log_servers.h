/*
 * log_servers.h - the readers of each server's lines. Each reads the message of a line, after stamp, host and
 * program, and sets what it finds in the event. Pure; any thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_SERVERS_H
#define GATEPOST_TOOLS_ANALYZE_LOG_SERVERS_H

#include "log_event.h"

void log_sendmail_read(struct log_event *e, struct text message);
void log_postfix_read(struct log_event *e, struct text message);
void log_gatepost_read(struct log_event *e, struct text message);

/* Removes the next field, KEY=VALUE, from the front of a line of gatepost. The value is unescaped into
 * *VALUE, which is emptied first. Returns false at the end, or if there is no field. */
bool log_gatepost_field(struct text *rest, struct text *key, struct writer *value);

/* Leaves LOG_UNKNOWN unless the message starts with an id or a host or, with `words`, as one of Exim's messages
 * does. */
void log_exim_read(struct log_event *e, struct text message, bool words);

/* Reads a whole line: MercuryS has a stamp of its own. Returns whether it is such a line. */
bool log_mercury_read(struct log_event *e, struct text line);

#endif
