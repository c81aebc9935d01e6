/*
 * stage.h - a Mercury/32 for tests: what its daemons see of it, and nothing more. Made from what is known of
 * Mercury (byte offsets, ids, return values), not from the daemon that is tested, whose header it does not
 * include. Where nothing is known it asserts nothing; what it does then is said at its place.
 *
 * One Mercury per process. Events may be fired by any thread; the rest belongs to one.
 */
#ifndef GATEPOST_TEST_MERCURY_STAGE_H
#define GATEPOST_TEST_MERCURY_STAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Sizes and offsets are those of the real Mercury, whose pointers have 4 bytes. Built for 64 bits, each pointer
 * that lies before takes 4 more. */
enum { POINTER = sizeof(void *), WIDER = POINTER - 4 };
enum { INTERFACE_SIZE = 918, EVENT_SIZE = 1100 + 5 * WIDER, OUTBUF_SIZE = 1024 };

enum {
    EV_CONNECT = 1,
    EV_HELO = 2,
    EV_MAIL = 3,
    EV_MAIL_OK = 4,
    EV_RCPT = 5,
    EV_RCPT_OK = 6,
    EV_DATA = 7,
    EV_DATA_HEADER = 8,
    EV_DATA_BODY = 9,
    EV_AUTH = 10,
    EV_CONNECT2 = 13,
    EV_CLOSE = 15,
    EV_ABORT = 16,
    EV_RSET = 17
};

/* What can be different from Mercury to Mercury, or is not known. */
struct manners {
    uint32_t interface_size; /* what dsize says, in bytes of the real one; what is behind it is not there */
    uint32_t version;        /* major in the high byte, minor in the low */
    bool null_functions;     /* no pointer for registering */
    uint32_t event_version;
    bool connect2;         /* there is such an event */
    bool connect_version;  /* the event of a connection has its version and size, though nothing says so */
    bool header_events;    /* DATA_HEADER shows lines */
    bool header_line_ends; /* with CR LF behind them */
    bool header_undefined; /* DATA_HEADER comes, but inbuf leads nowhere then */
    uint32_t flags;        /* set in every session from HELO on */
    char compliant[100];   /* messages whose sender contains this are marked as exempt (0x20); empty: none */
    char added[200];       /* a header that another daemon marks for addition to each message; empty: none */
};
extern struct manners manners;

void manners_usual(void);

/* Loads the daemon. Returns false with the reason on standard output. */
bool stage_load(const char *path);
void stage_unload(void);

/* Calls startup(), closedown() and configure() with the interface as manners has it. They return what the
 * daemon returns. */
int stage_startup(const char *param);
int stage_closedown(void);
int stage_configure(void);
int stage_daemon(void);

/* How many handlers are registered. */
unsigned stage_registered(void);

/* Lines of the daemon in Mercury's log are printed as "log PRIORITY TEXT", unless SILENT. */
void stage_silent(bool silent);

/* How often the daemon said in the log that it could not put a client on the blocklist. */
unsigned stage_given_up(void);

/* One SMTP session as its events show it. */
struct line_of_mercury {
    unsigned char event[EVENT_SIZE + 4]; /* a guard behind it */
    void (*functions[7])(void);
    char in[2048];
    char added[400]; /* what get_all_headers shows: headers marked for addition, never the message's own */
};

void line_begin(struct line_of_mercury *l, uint32_t id, const char *client, uint32_t port, uint32_t start);
void line_end(struct line_of_mercury *l);

/* Fires the event. TEXT NULL: inbuf is undefined. At CONNECT and CONNECT2 all is undefined but client and port: the
 * transaction id there is line_other_id, and every flag is set. Returns what the first handler returned that had something to
 * say, else 0. */
int line_fire(struct line_of_mercury *l, unsigned event, const char *text, unsigned n);
extern uint32_t line_other_id;

/* What is in outbuf; NULL if that is no text of at most one line, an optional CR LF behind it. */
const char *line_reply(struct line_of_mercury *l, unsigned *n);

void line_set_flag(struct line_of_mercury *l, uint32_t flag, bool on);
void line_mark_header(struct line_of_mercury *l, const char *text);
void line_forget_headers(struct line_of_mercury *l);
void line_count_rcpt(struct line_of_mercury *l, bool good);

const char *event_name(unsigned event);

/* Runs THREADS threads with SESSIONS sessions each, in rounds; prints counts and memory. Returns true if every
 * verdict was right. */
bool soak(unsigned threads, unsigned sessions);

/* Several threads fire events of one and the same session at once, and the log fires one within another.
 * Returns true if nothing was returned that no event may return. */
bool collide(unsigned threads);

/* The next line of the log fires MAIL for L on the thread that it comes from; *RESULT gets what was returned.
 */
void stage_fire_on_log(struct line_of_mercury *l, int *result);

/* A connection whose event bears the id of a session that is open must not touch that session. Prints what was
 * returned to both; returns true if it was right. */
bool cross(void);

/* Lets them run without looking at verdicts, calls closedown() in the midst of it, and waits for them. Returns
 * what closedown() returned. */
int soak_and_stop(unsigned threads);

#endif
