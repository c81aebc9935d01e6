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

/* Reads LINE, without its end. `bare` is for the lines below an entry of Exim's reject log, which hold header
 * fields that a client wrote: there a stamp counts only at the very beginning, and a line without one is
 * LOG_OTHER. Elsewhere blanks, the '>' of a quotation, or grep's "file:" may come before the stamp. */
void log_line_read(struct text line, bool bare, struct log_event *out);

#endif
