/*
 * gatepost.h - the one public header of the engine: everything that an adapter or a custom server sees.
 *
 * gatepost_api() hands out a table of functions. A host opens one engine, then one session per SMTP connection,
 * tells the session what the client says, phase by phase, and gets a verdict back. The engine does no I/O on
 * the network, starts no thread, installs no signal handler, and neither aborts nor exits.
 *
 * Threads: an engine may be used by any thread; a session by one thread at a time. After a fork the child must
 * open an engine of its own or be the only one to go on with the parent's.
 *
 * Strings in are pointer and length, any bytes, borrowed for the call. Strings out live until the next call on
 * that session. Structs that a host fills begin with their size; set it to sizeof and the rest to zero (=
 * unknown, none, default) first. The engine reads and writes nothing behind that size, and GP_HAS() tells the
 * host how far a struct of the engine's reaches: both may be older or newer than the other. Within one major
 * version structs only grow at their end and values are only added.
 */
#ifndef GATEPOST_H
#define GATEPOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GP_EXPORT)
/* The build says itself what it exports. */
#elif defined(_WIN32)
#define GP_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define GP_EXPORT __attribute__((visibility("default")))
#else
#define GP_EXPORT
#endif

#define GP_API_MAJOR 1u

/* Whether the struct that S points to, which begins with its size, reaches to the end of MEMBER: for functions
 * and members that came after the first version. */
#define GP_HAS(s, member) ((uintptr_t)(&(s)->member + 1) - (uintptr_t)(s) <= (s)->size)

struct gp_engine;
struct gp_session;

/* What a phase decides. */
enum gp_action {
    GP_PASS = 0,   /* no objection */
    GP_FAIL = 1,   /* answer this command, or this message, with the reply */
    GP_REFUSE = 2, /* the same, and every later EHLO/HELO, MAIL, RCPT and DATA too: the session answers them so
                      when asked */
    GP_CLOSE = 3,  /* give the reply, then close the connection; where a host cannot close: GP_REFUSE */
    GP_DROP = 4    /* close the connection without a reply, where the host can */
};

/* The phases of a session, in their order. */
enum gp_phase {
    GP_PHASE_NONE = 0,
    GP_PHASE_CONNECT = 1,
    GP_PHASE_HELO = 2,
    GP_PHASE_MAIL = 3,
    GP_PHASE_RCPT = 4,
    GP_PHASE_DATA = 5, /* the DATA command and the header of the message */
    GP_PHASE_END = 6   /* end of message */
};

/* What is known of the client's host name. Only a verified name (the PTR's name resolves back to the address)
 * is ever matched. */
enum gp_name_state { GP_NAME_UNKNOWN = 0, GP_NAME_NONE = 1, GP_NAME_VERIFIED = 2, GP_NAME_FORGED = 3 };

/* Importance of a log line. */
enum gp_log_level { GP_LOG_ERROR = 0, GP_LOG_WARNING = 1, GP_LOG_NOTICE = 2 };

/* What the host lends to an engine. All members are optional. */
struct gp_host {
    uint32_t size;
    uint32_t reserved;
    void *context; /* handed back in every callback */
    /* One finished line: NUL-terminated, without line end, printable. Called on the thread that called us, with
     * no lock of ours held; it must not call back into the engine. Without it lines go to the system log. */
    void (*log)(void *context, uint32_t level, const char *line, size_t n);
    /* Seconds since 1970 UTC. Without it the system's clock is used. */
    int64_t (*clock)(void *context);
};

/* gp_open_options.flags */
#define GP_READ_ONLY 1u /* judge, and read what is there, but change no file (exim -bh) */
#define GP_NO_STATE  2u /* neither read nor write anything in the state directory */
#define GP_TEMPFAIL                                                                                            \
    4u /* while no rules are in force answer 451 (on-error = tempfail); without it sessions pass */
#define GP_ANNOUNCE                                                                                            \
    8u /* log at opening which rules are in force, or why none are, also if the same was logged before: for a  \
          process that lives long */

struct gp_open_options {
    uint32_t size;
    uint32_t flags;
    const struct gp_host *host; /* copied */
    const char *config;    /* path of the rule file; NULL: gatepost.conf here, else /etc/gatepost/gatepost.conf
                              (Windows: the one beside the program) */
    const char *state_dir; /* NULL: as the rule file says */
};

/* A text that was too long for its struct is cut; it always ends in NUL. */
struct gp_error {
    uint32_t size;
    uint32_t line;   /* 0 if unknown */
    uint32_t column; /* 0 if unknown */
    char file[256];
    char message[512];
};

/* gp_client.flags */
#define GP_CONNECT_ASKED                                                                                       \
    1u /* Another session, which has ended, was asked connect() for this connection, and the host could not    \
          keep it. This session asks again without a second hit on the blocklist, count or log line, and the   \
          blocklist refuses nobody at once. What waits until MAIL, and whom a rule exempts, is found again; a  \
          rule or table that closes now, and did not then, is given as usual. */

/* The client and our end of the connection, as far as known at the start. */
struct gp_client {
    uint32_t size;
    uint32_t name_state; /* enum gp_name_state */
    uint32_t port;
    uint32_t local_port;
    const char *address; /* text form; an IPv4 address may come as ::ffff:a.b.c.d; empty: not over the network,
                            never judged */
    size_t address_size;
    const char *name;
    size_t name_size;
    const char *local_address; /* counts as one of our own addresses */
    size_t local_address_size;
    const char *local_name; /* counts as one of our own names */
    size_t local_name_size;
    uint32_t flags; /* GP_CONNECT_ASKED */
    uint32_t reserved;
};

struct gp_verdict {
    uint32_t size;
    uint32_t action; /* enum gp_action */
    uint32_t
        phase; /* enum gp_phase: the phase whose facts decided (an earlier one for a verdict that was held) */
    uint32_t code;          /* reply code, 400 to 599; 0 with GP_PASS */
    char enhanced[12];      /* enhanced status code ("5.7.1"), or empty */
    uint32_t block_seconds; /* for how long the client is put on the blocklist; 0: it is not */
    const char *text;       /* reply text behind the codes; NUL-terminated, no line break */
    size_t text_size;
    const char *reply; /* the whole reply as the rule has it: "554 5.7.1 Transaction refused"; NUL-terminated */
    size_t reply_size;
    const char *cause; /* "gatepost.conf:3", "block-table", "blocklist", "on-error"; empty with GP_PASS;
                          NUL-terminated */
    size_t cause_size;
};

/* Flags of helo, mail and rcpt. */
#define GP_ARGUMENT                                                                                            \
    1u /* TEXT is the bare argument; the engine writes "EHLO x", "MAIL FROM:<x>", "RCPT TO:<x>" around it */
#define GP_CUT                                                                                                 \
    2u /* TEXT is only the beginning of what the client sent; what the rest could change cannot be said */

/* Flag of mail_parsed and rcpt_parsed. */
#define GP_SECOND 4u /* a second spelling of the address, beside the one in the command line */

/* facts that an MTA can tell to be unknown; checks and patterns on them cannot say, so no rule triggers by them
 */
#define GP_FACT_NAME 1u /* the client's host name */
#define GP_FACT_HELO 2u /* HELO name and line */
#define GP_FACT_MAIL 4u /* sender */
#define GP_FACT_RCPT 8u /* recipients */
/* Of the present message: whether its header is whole; has, once and the operation `headers` cannot say. */
#define GP_FACT_ALL_FIELDS 16u

struct gp_api {
    uint32_t size;
    uint32_t major;
    uint32_t minor;
    uint32_t reserved;
    const char *version; /* of the engine, for people: "1.0.0" */

    /* Opens an engine. Returns 1 with rules in force; 0 when opened without any (the reason is in *ERROR and in
     * the log; sessions get what GP_TEMPFAIL says until the rule file is mended); -1 when there is no engine
     * (*ENGINE is NULL, reason in *ERROR). ERROR may be NULL. */
    int (*engine_open)(const struct gp_open_options *options, struct gp_engine **engine,
                       struct gp_error *error);

    /* Closes it and sets *ENGINE to NULL. Its sessions must be closed before. */
    void (*engine_close)(struct gp_engine **engine);

    /* Looks at once whether the rule file or a table changed; otherwise that is done when a session opens, once
     * a second at most. Returns 1 if other rules or tables are in force now, 0 if not, -1 if a file is broken
     * (logged) and the former one stays. */
    int (*engine_refresh)(struct gp_engine *engine);

    /* Opens a session for CLIENT, under the rules in force now. Returns 0, or -1 when out of memory or when the
     * size of *CLIENT is not set (logged): then the host goes on as if every verdict were pass (or tempfail, as
     * it prefers). */
    int (*session_open)(struct gp_engine *engine, const struct gp_client *client, struct gp_session **session);

    /* Ends it and sets *SESSION to NULL. */
    void (*session_close)(struct gp_session **session);

    /* What could change a verdict of this session and is still missing: a mask of GP_FACT_NAME, or 0. A host
     * for which a host name costs a look-up in the DNS asks this first. */
    uint32_t (*needs)(struct gp_session *session);

    /* Tells the client's name after all; before connect(). */
    void (*client_name)(struct gp_session *session, const char *name, size_t n, uint32_t name_state);

    /* Tells what cannot be known, a mask of GP_FACT_… */
    void (*unknown)(struct gp_session *session, uint32_t facts);

    /* The phases. Each returns the action (enum gp_action) and, unless VERDICT is NULL, fills *VERDICT, whose
     * size the host has set. A phase that the host skipped is asked first. TEXT is the command line as
     * received, a CRLF at its end or not. */
    int (*connect)(struct gp_session *session, struct gp_verdict *verdict);
    int (*helo)(struct gp_session *session, const char *text, size_t n, uint32_t flags,
                struct gp_verdict *verdict);
    int (*mail)(struct gp_session *session, const char *text, size_t n, uint32_t flags,
                struct gp_verdict *verdict);
    int (*rcpt)(struct gp_session *session, const char *text, size_t n, uint32_t flags,
                struct gp_verdict *verdict);
    int (*data)(struct gp_session *session, struct gp_verdict *verdict);

    /* AUTH succeeded. */
    void (*auth)(struct gp_session *session);

    /* The MTA itself turned away the last RCPT that we let pass. */
    void (*rcpt_rejected)(struct gp_session *session);

    /* The header of the message, as bytes cut anywhere (folded lines are unfolded; what follows the empty line
     * is ignored), or as one field: name, and value as it stood behind the colon. */
    void (*header_text)(struct gp_session *session, const char *bytes, size_t n);
    void (*header)(struct gp_session *session, const char *name, size_t name_size, const char *value,
                   size_t value_size);

    /* The verdict on the header; a host that can answer only after the final dot keeps it until then. */
    int (*end_of_headers)(struct gp_session *session, struct gp_verdict *verdict);

    /* The final dot: the verdict on the message (that on its header, if it was not pass). MESSAGE_SIZE in
     * bytes, 0 if unknown. The transaction is over after it. */
    int (*end_of_message)(struct gp_session *session, uint64_t message_size, struct gp_verdict *verdict);

    /* RSET, or a transaction given up by other means. */
    void (*reset)(struct gp_session *session);

    /* Optional groups of functions by "name/revision"; NULL if this engine has no such group. */
    const void *(*get_ext)(const char *name_revision);

    /* Tells what the server itself made of the address in the next MAIL (RCPT) command; call just before mail()
     * (rcpt()), it lasts for that one call. ADDRESS has no angle brackets; for mail_parsed empty is the null
     * sender. FLAGS is 0 or GP_SECOND. Without GP_SECOND it *is* the sender (recipient) for every check, table
     * and key; the line is what patterns see. With GP_SECOND it is a second spelling beside the line's own
     * parse: traps, block tables and own-sender hold if either matches, an exemption only if the line's does.
     * Not in the first version: ask GP_HAS(api, rcpt_parsed). */
    void (*mail_parsed)(struct gp_session *session, const char *address, size_t n, uint32_t flags);
    void (*rcpt_parsed)(struct gp_session *session, const char *address, size_t n, uint32_t flags);
};

/* get_ext("trace/1"): tells for every phase which rules were asked and why each did or did not trigger. */
struct gp_trace_ext {
    uint32_t size;
    uint32_t reserved;
    /* LINE as in gp_host.log. While a function is set every rule is asked, also those that the index would pass
     * over. NULL ends it. */
    void (*set)(struct gp_session *session, void (*line)(void *context, const char *line, size_t n),
                void *context);
};

/* get_ext("settings/1"): settings that only some kind of host understands, such as mercury-resolve. The engine
 * has checked them and does nothing else with them. */
struct gp_settings_ext {
    uint32_t size;
    uint32_t reserved;
    /* The words that setting NAME has in the rules of SESSION, or its default: NUL-terminated, lower case, one
     * blank between two words; good while the session is open. NULL if there is no such setting, or no rules
     * are in force. */
    const char *(*get)(struct gp_session *session, const char *name);
};

/*
 * Checks as plugins (gatepost_check(3)). With `load "checks/regex"` in a rule file the engine loads the shared
 * object checks/regex.so, asks its one exported function, gatepost_checks(), for the checks it brings, and lets
 * the rules ask them by name. A plugin is loaded once and never unloaded. It does as the engine does: no abort,
 * exit or signal handler, no wait beyond its limit; what goes wrong is an answer, "cannot say".
 */
#define GP_CHECK_MAJOR 1u

/* The operations of the rule file, as bits. */
#define GP_AT_CONNECT       1u
#define GP_AT_HELO          2u
#define GP_AT_HELO_DEFERRED 4u
#define GP_AT_MAIL          8u
#define GP_AT_RCPT          16u
#define GP_AT_HEADER        32u
#define GP_AT_SUBJECT       64u
#define GP_AT_MESSAGE_ID    128u
#define GP_AT_HEADERS       256u
#define GP_AT_ALL           511u

/* What the engine lends to a check; good until the data that was compiled with it is freed. All members are
 * set. Any thread may call the functions. */
struct gp_check_host {
    uint32_t size;
    uint32_t limit_ms; /* for one match(); one that takes longer is named in the log */
    void *context;     /* to be handed back in every callback */
    /* A line for the log: any bytes, without line end. LEVEL is an enum gp_log_level. */
    void (*log)(void *context, uint32_t level, const char *line, size_t n);
    /* Seconds since 1970 UTC. */
    int64_t (*clock)(void *context);
};

/* One argument of a check in a rule: what stands between its double quotes, or a bare word. Not NUL-terminated.
 */
struct gp_argument {
    const char *text;
    size_t size;
};

/* What is known when a check is asked; what is not known yet, or not at all, is empty. All of it is borrowed
 * for the call. */
struct gp_facts {
    uint32_t size;
    uint32_t operation;   /* one of GP_AT_… */
    uint32_t unknown;     /* mask of GP_FACT_…: what the mail server could not tell */
    uint32_t name_state;  /* enum gp_name_state */
    uint32_t client_port; /* 0 if unknown, like the next */
    uint32_t local_port;
    uint32_t authenticated; /* 1 after AUTH */
    uint32_t reserved;
    const char *address; /* of the client, as text in its shortest form; ::ffff:a.b.c.d is a.b.c.d */
    size_t address_size;
    const char *name; /* of the client, if verified */
    size_t name_size;
    const char *local_address;
    size_t local_address_size;
    const char *local_name;
    size_t local_name_size;
    const char *helo; /* the argument of HELO or EHLO */
    size_t helo_size;
    const char *sender; /* the address of MAIL, without brackets */
    size_t sender_size;
    const char *recipient; /* the address of the latest RCPT, without brackets */
    size_t recipient_size;
    const char *field; /* the name of the header field */
    size_t field_size;
    const char *value; /* its value, unfolded, without white space at its ends */
    size_t value_size;
    char *why; /* room for the reason of the answer in words, NUL-terminated: for the trace, and for the log
                  when it is -1. Empty at first. */
    size_t why_size;
};

/* Why arguments cannot be compiled. */
struct gp_check_error {
    uint32_t size;
    uint32_t argument; /* which is wrong, from 0 */
    uint32_t offset;   /* of the byte in it, from 0 */
    char message[260]; /* NUL-terminated */
};

struct gp_check {
    uint32_t size;
    uint32_t operations; /* mask of GP_AT_…: where it can be asked */
    uint32_t needs; /* GP_FACT_NAME if it looks at the client's host name, which may cost a look-up; else 0 */
    uint32_t reserved;
    const char *name;  /* in rules: letters, digits, '-' and '_' */
    const char *usage; /* how it is written, for messages: regex("PATTERN") */

    /* Makes *DATA (may stay NULL) of the N arguments, once for each rule file that is taken up; the engine may
     * share it among rules that say the same. Returns 0, or -1 with the reason in *ERROR. */
    int (*compile)(const struct gp_check_host *host, const struct gp_argument *args, size_t n, void **data,
                   struct gp_check_error *error);

    /* Does it hold: 1, 0, or -1 cannot say (logged, once an hour for each rule). TEXT is what a pattern of that
     * operation sees. Asked from many threads at once with the same DATA. */
    int (*match)(void *data, const struct gp_facts *facts, const char *text, size_t n);

    /* No match() is under way and none will follow. May be NULL. */
    void (*free)(void *data);
};

/* The one function that a plugin exports: its checks, up to a NULL; constant, and good as long as the plugin.
 * NULL if it cannot speak MAJOR. */
GP_EXPORT const struct gp_check *const *gatepost_checks(uint32_t major);

/* The one exported function. NULL if this engine cannot speak MAJOR. The table is constant and lives as long as
 * the library. */
GP_EXPORT const struct gp_api *gatepost_api(uint32_t major);

/* Its type, for a host that finds it with dlsym() or GetProcAddress(). */
typedef const struct gp_api *gp_api_entry(uint32_t major);

#ifdef __cplusplus
}
#endif

#endif
