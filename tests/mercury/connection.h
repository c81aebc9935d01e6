/*
 * connection.h - a peer that dialogues are played against: MercuryS with the daemon in it. It answers as the
 * simulated server of the command does (220, 250, 354, 221, and 503 out of sequence), fires events as it goes,
 * and takes the daemon's returns for what is known of them.
 *
 * Known is -2 (the reply, if there is one, then the connection is closed), and -1 at MAIL: the reply instead of
 * ours. It takes -1 the same at the other commands, and at the header of a message as Mercury's own subject
 * filter does: the data is read to its end and the reply comes after the dot. The client of -2 there sends its
 * data to the end, too, before it looks. Returns that nobody has written down are counted; 1 and -3 are a
 * failure.
 */
#ifndef GATEPOST_TEST_MERCURY_CONNECTION_H
#define GATEPOST_TEST_MERCURY_CONNECTION_H

#include "stage.h"
#include "tools/replay/peer.h"

enum connection_stage { AT_NOTHING, AT_COMMAND, AT_HEADER, AT_BODY };

struct connection {
    struct line_of_mercury line;
    enum connection_stage stage;
    bool sender, field;
    unsigned recipients;
    int data_result; /* what was returned at the header of this message */
    char client[64];
    char data_reply[OUTBUF_SIZE];
    char text[OUTBUF_SIZE];
    uint32_t next_id;
    int64_t *clock;
    const char *clock_file; /* gets the seconds; NULL: none */
    unsigned undocumented;  /* returns that nobody has written down */
    unsigned line_ends;     /* replies that came with CR LF */
    unsigned failures;
};

/* Makes *PEER one whose sessions are those of C. */
void connection_init(struct connection *c, int64_t *clock, struct peer *peer);

#endif
