/*
 * log_line.h - what one line of a mail server's log says about refused mail. Known are Sendmail, Exim (main and
 * reject log), Postfix, MercuryS, and gatepost's own lines in the log of any of them; each line is recognised
 * by itself. Pure; any thread.
 *
 * A line is written by a server, but much of what it says was chosen by a client: names, addresses, header
 * fields, replies that repeat them. Nobody may put somebody else's address into our tables by such means. So a
 * client's address is taken only from the place where the server itself writes it; where a line can be read in
 * two ways, the client is not known.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_LINE_H
#define GATEPOST_TOOLS_ANALYZE_LOG_LINE_H

#include "core/mail/ip.h"
#include "log_time.h"

enum log_kind {
    LOG_UNKNOWN,     /* not a line of a mail server, or in no form we know */
    LOG_OTHER,       /* a line of a mail server that refuses nothing */
    LOG_REFUSAL,     /* something was refused: a connection, a command, a recipient, a message */
    LOG_PART,        /* says the sender or recipient of a transaction that other lines are about */
    LOG_BLACKLISTED, /* MercuryS put the client on its short-term blacklist */
    LOG_RESTRICTED   /* MercuryS refused the client because it is on it */
};

enum log_program { LOG_SENDMAIL, LOG_EXIM, LOG_POSTFIX, LOG_MERCURY, LOG_GATEPOST };

enum { LOG_ADDRESS_MAX = 320, LOG_REASON_MAX = 160 };

/* Slices of the line, or of `memory`: not to be copied, and good as long as the line is. */
struct log_event {
    enum log_kind kind;
    enum log_program program;
    bool has_stamp;
    struct log_stamp stamp;
    struct text line; /* from the stamp on */
    struct text id;   /* the queue id; empty: none */
    struct text name; /* the client as MercuryS wrote it, without brackets */
    bool has_client;  /* with LOG_REFUSAL: nobody else can have put it there */
    struct ip client;
    bool has_sender; /* an empty sender is <> */
    struct text sender;
    bool has_recipient;
    struct text recipient;
    bool temporary;     /* refused with a 4xx code */
    struct text reason; /* the reply, as the log has it */
    char memory[4 * LOG_ADDRESS_MAX + LOG_REASON_MAX];
    size_t used;
};

/* Reads LINE, without its end. `bare` is for lines behind an entry of Exim's reject log, where header fields
 * stand that a client wrote: a stamp counts only at the very beginning, and what has none is LOG_OTHER.
 * Elsewhere blanks,
 * '>' of a quotation, or "file:" as grep writes it may stand before it. */
void logline_read(struct text line, bool bare, struct log_event *out);

/* The address of a sender or recipient, unless one is known; and the reply that refused. For the recognisers.
 */
void logline_address(struct log_event *e, bool recipient, struct text address);
void logline_reason(struct log_event *e, struct text reply);

/* Each reads the message of a line, behind stamp, host and program, and sets what it learns. Exim's leaves
 * LOG_UNKNOWN unless the message has an id or a host in front or, with `words`, begins as one of Exim's. */
void logline_sendmail(struct log_event *e, struct text message);
void logline_postfix(struct log_event *e, struct text message);
void logline_exim(struct log_event *e, struct text message, bool words);
void logline_gatepost(struct log_event *e, struct text message);

#endif
