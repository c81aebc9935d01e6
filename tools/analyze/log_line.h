/*
 * log_line.h - reads one line of a mail server's log: what it says about refused mail. Known are Sendmail, Exim
 * (main and reject log), Postfix, MercuryS, and gatepost's own lines in the log of any of them. Each line is
 * recognised by itself. Pure; any thread.
 *
 * A server writes the line, but a client chose much of what it says: names, addresses, header fields, replies
 * that repeat them. No client may put somebody else's address into our tables that way. So a client's address
 * is taken only from the place where the server itself writes it; where a line can be read in two ways, the
 * client is not known.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_LINE_H
#define GATEPOST_TOOLS_ANALYZE_LOG_LINE_H

#include "log_event.h"

enum log_context {
    LOG_STAMPED, /* blanks, the '>' of a quotation, or what another program wrote may come before the stamp */
    LOG_BELOW_ENTRY, /* below an entry of Exim's reject log, where header fields stand that a client wrote: a stamp
                        counts only at the very beginning, and a line without one is LOG_OTHER */
    LOG_UNSTAMPED    /* a log that has no times (journalctl -o cat): messages begin the line */
};

/* Reads LINE, without its end. */
void log_line_read(struct text line, enum log_context context, struct log_event *out);

#endif
