/*
 * gatepost.h - the only public header of the engine: everything that an adapter or a custom server sees.
 *
 * gatepost_api() returns a table of functions. A host opens one engine, then one session per SMTP connection.
 * It passes to the session what the client says, phase by phase, and gets a verdict back. The engine does no
 * I/O on the network, starts no thread, installs no signal handler, and neither aborts nor exits.
 *
 * Threads: an engine may be used by any thread; a session by one thread at a time. After a fork, either the
 * child opens an engine of its own, or it alone goes on using the parent's.
 *
 * An input string is a pointer and a length, may hold any bytes, and is borrowed for the call. An output string
 * is valid until the next call on that session. Structs that a host fills begin with their size; first set it
 * to sizeof and the rest to zero (= unknown, none, default). The engine neither reads nor writes beyond that
 * size, and GP_HAS() tells the host whether a struct of the engine has a member: each side may be older or
 * newer than the other. Within one major version structs grow only at their end, and values are only added.
 */
#ifndef GATEPOST_H
#define GATEPOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GP_EXPORT)
/* The build lists itself what is exported. */
#elif defined(_WIN32)
#define GP_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define GP_EXPORT __attribute__((visibility("default")))
#else
#define GP_EXPORT
#endif

#define GP_API_MAJOR 1u

/* Whether the struct that S points to, which begins with its size, includes MEMBER: for functions and
 * members that are newer than the first version. */
#define GP_HAS(s, member) ((uintptr_t)(&(s)->member + 1) - (uintptr_t)(s) <= (s)->size)

struct gp_engine;
struct gp_session;

/* The verdict of a phase. */
enum gp_action {
    GP_PASS = 0,   /* no objection */
    GP_FAIL = 1,   /* answer this command, or this message, with the reply */
    GP_REFUSE = 2, /* the same, and every later EHLO/HELO, MAIL, RCPT and DATA too: the session answers them so
                      when asked */
    GP_CLOSE = 3,  /* give the reply, then close the connection; a host that cannot close treats it as
                    * GP_REFUSE */
    GP_DROP = 4,   /* close the connection without a reply, if the host can */
    /* Of rcpt(), and only for a host that set GP_CAN_HOLD: accept this recipient without asking further. The
     * message is refused with the reply of the verdict by end_of_headers() and end_of_message(), whoever else it
     * is for, and so is the session after it, also if the transaction is given up. */
    GP_HOLD = 5
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

/* The state of the client's host name. Only a verified name (the PTR's name resolves back to the address) is
 * ever matched. */
enum gp_name_state { GP_NAME_UNKNOWN = 0, GP_NAME_NONE = 1, GP_NAME_VERIFIED = 2, GP_NAME_FORGED = 3 };

/* Importance of a log line. */
enum gp_log_level { GP_LOG_ERROR = 0, GP_LOG_WARNING = 1, GP_LOG_NOTICE = 2 };

/* What the host lends to an engine. All members are optional. */
struct gp_host {
    uint32_t size;
    uint32_t reserved;
    void *context; /* passed to every callback */
    /* Gets one finished line: NUL-terminated, without line end, printable. Called on the thread that called
     * the engine, with no lock of the engine held; it must not call the engine. Without it, lines go to the
     * system log. */
    void (*log)(void *context, uint32_t level, const char *line, size_t n);
    /* Returns seconds since 1970 UTC. Without it, the system's clock is used. */
    int64_t (*clock)(void *context);
};

/* gp_open_options.flags */
#define GP_READ_ONLY 1u /* judge, and read what is there, but change no file (exim -bh) */
#define GP_NO_STATE  2u /* neither read nor write anything in the state directory */
/* answer 451 while no rules are in force (on-error = tempfail); without it sessions pass */
#define GP_TEMPFAIL 4u

/* Logs at opening which rules are in force, or why none are, also if the same was logged before. For a process
 * that runs for a long time. */
#define GP_ANNOUNCE 8u

/* The host accepts the recipient of a GP_HOLD and refuses the message at its end. Without it rcpt() gives
 * GP_REFUSE instead. */
#define GP_CAN_HOLD 16u

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
/* Another session, which has ended, was asked connect() for this connection, and the host could not keep it. This
 * session judges the connection again without a second hit on the blocklist, count or log line, and the blocklist
 * refuses no client at once. It finds again what waits until MAIL, and what a rule exempts. The verdict of a rule or
 * table that closes now, and did not then, is given as usual. */
#define GP_CONNECT_ASKED 1u

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
    uint32_t block_seconds; /* how long the client is put on the blocklist; 0: it is not */
    const char *text;       /* reply text after the codes; NUL-terminated, no line break */
    size_t text_size;
    const char *reply; /* the whole reply of the rule: "554 5.7.1 Transaction refused"; NUL-terminated */
    size_t reply_size;
    const char *cause; /* "gatepost.conf:3", "block-table", "blocklist", "on-error"; empty with GP_PASS;
                          NUL-terminated */
    size_t cause_size;
};

/* Flags of helo, mail and rcpt. */
/* TEXT is the bare argument, from which the engine writes "EHLO x", "MAIL FROM:<x>", "RCPT TO:<x>" */
#define GP_ARGUMENT 1u
/* TEXT is only the beginning of what the client sent; tests that depend on the rest cannot say */
#define GP_CUT 2u

/* Flag of mail_parsed and rcpt_parsed. */
#define GP_SECOND 4u /* a second spelling of the address, in addition to the one in the command line */

/* facts that an MTA can declare unknown; checks and patterns on them cannot say, so no rule triggers by them */
#define GP_FACT_NAME 1u /* the client's host name */
#define GP_FACT_HELO 2u /* HELO name and line */
#define GP_FACT_MAIL 4u /* sender */
#define GP_FACT_RCPT 8u /* recipients */
/* Of the present message: whether its header is whole; if not, has, once and the operation `headers` cannot
 * say. */
#define GP_FACT_ALL_FIELDS 16u

struct gp_api {
    uint32_t size;
    uint32_t major;
    uint32_t minor;
    uint32_t reserved;
    const char *version; /* of the engine, for people: "1.0.0" */

    /* Opens an engine. Returns 1 with rules in force; 0 if it is open without any (the reason is in *ERROR
     * and in the log; sessions get what GP_TEMPFAIL says until the rule file is repaired); -1 if there is no
     * engine (*ENGINE is NULL, reason in *ERROR). ERROR may be NULL. */
    int (*engine_open)(const struct gp_open_options *options, struct gp_engine **engine,
                       struct gp_error *error);

    /* Closes it and sets *ENGINE to NULL. Its sessions must be closed before. */
    void (*engine_close)(struct gp_engine **engine);

    /* Looks at once whether the rule file or a table has changed; otherwise this is done when a session
     * opens, once a second at most. Returns 1 if other rules or tables are in force now, 0 if not, -1 if a
     * file is broken (logged) and the former one stays in force. */
    int (*engine_refresh)(struct gp_engine *engine);

    /* Opens a session for CLIENT under the rules in force now. Returns 0, or -1 when out of memory or if the
     * size of *CLIENT is not set (logged): then the host goes on as if every verdict were pass (or tempfail,
     * as it prefers). */
    int (*session_open)(struct gp_engine *engine, const struct gp_client *client, struct gp_session **session);

    /* Ends it and sets *SESSION to NULL. */
    void (*session_close)(struct gp_session **session);

    /* Returns what could change a verdict of this session and is still missing: a mask of GP_FACT_NAME, or
     * 0. A host that must look a host name up in the DNS calls this first. */
    uint32_t (*needs)(struct gp_session *session);

    /* Passes the name after session_open() and before connect(). */
    void (*client_name)(struct gp_session *session, const char *name, size_t n, uint32_t name_state);

    /* Says what cannot be known, a mask of GP_FACT_… */
    void (*unknown)(struct gp_session *session, uint32_t facts);

    /* The phases. Each returns the action (enum gp_action) and, unless VERDICT is NULL, fills *VERDICT,
     * whose size the host has set. A phase that the host skipped is judged first. TEXT is the command line
     * as received, with or without a CRLF at its end. */
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

    /* The MTA itself has rejected the last RCPT, which the engine let pass. */
    void (*rcpt_rejected)(struct gp_session *session);

    /* The header of the message, as bytes in pieces of any size (folded lines are unfolded; what follows the
     * empty line is ignored), or as one field: name, and value as it was after the colon. */
    void (*header_text)(struct gp_session *session, const char *bytes, size_t n);
    void (*header)(struct gp_session *session, const char *name, size_t name_size, const char *value,
                   size_t value_size);

    /* Returns the verdict on the header; a host that can answer only after the final dot keeps it until
     * then. */
    int (*end_of_headers)(struct gp_session *session, struct gp_verdict *verdict);

    /* The final dot. Returns the verdict on the message (the one on its header, if it was not pass).
     * MESSAGE_SIZE in bytes, 0 if unknown. The transaction is over after it. */
    int (*end_of_message)(struct gp_session *session, uint64_t message_size, struct gp_verdict *verdict);

    /* RSET, or another end of the transaction without a message. */
    void (*reset)(struct gp_session *session);

    /* Optional groups of functions by "name/revision"; NULL if this engine has no such group. */
    const void *(*get_ext)(const char *name_revision);

    /* Passes the address as the server itself has read it from the next MAIL (RCPT) command; call it just
     * before mail() (rcpt()), because it holds for that one call. ADDRESS has no angle brackets; for
     * mail_parsed, empty is the null sender. FLAGS is 0 or GP_SECOND. Without GP_SECOND it *is* the sender
     * (recipient) for every check, table and key; patterns see the line. With GP_SECOND it is a second
     * spelling in addition to the one in the line: traps, block tables and own-sender match if either
     * spelling does, an exemption only by the line's. Newer than the first version: ask GP_HAS(api,
     * rcpt_parsed). */
    void (*mail_parsed)(struct gp_session *session, const char *address, size_t n, uint32_t flags);
    void (*rcpt_parsed)(struct gp_session *session, const char *address, size_t n, uint32_t flags);
};

/* get_ext("trace/1"): reports for every phase which rules were tried, and why each did or did not trigger. */
struct gp_trace_ext {
    uint32_t size;
    uint32_t reserved;
    /* LINE as in gp_host.log. While a function is set, every rule is tried, also those that the index would
     * skip. NULL ends it. */
    void (*set)(struct gp_session *session, void (*line)(void *context, const char *line, size_t n),
                void *context);
};

/* get_ext("settings/1"): settings that only one kind of host uses, such as mercury-resolve. The engine
 * checks them and does nothing else with them. */
struct gp_settings_ext {
    uint32_t size;
    uint32_t reserved;
    /* Returns the value of setting NAME in the rules of SESSION, or its default: NUL-terminated, lower case,
     * one blank between two words; valid while the session is open. NULL if there is no such setting, or no
     * rules are in force. */
    const char *(*get)(struct gp_session *session, const char *name);
};

/*
 * Checks as plugins (gatepost_check(3)). With `load "checks/regex"` in a rule file the engine loads the shared
 * object checks/regex.so and calls its one exported function, gatepost_checks(), which returns its checks.
 * Rules then use them by name. A plugin is loaded once and never unloaded. Like the engine it must not abort,
 * exit, install a signal handler or wait beyond its limit; if something goes wrong, it answers "cannot say".
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

/* What the engine lends to a check; valid until the data compiled with it is freed. All members are set. Any
 * thread may call the functions. */
struct gp_check_host {
    uint32_t size;
    uint32_t limit_ms; /* for one match(); a slower one is named in the log */
    void *context;     /* to be passed to every callback */
    /* A line for the log: any bytes, without line end. LEVEL is an enum gp_log_level. */
    void (*log)(void *context, uint32_t level, const char *line, size_t n);
    /* Seconds since 1970 UTC. */
    int64_t (*clock)(void *context);
};

/* One argument of a check in a rule: the text between its double quotes, or a bare word. Not NUL-terminated. */
struct gp_argument {
    const char *text;
    size_t size;
};

/* What is known when a check is called; what is not known, or not yet, is empty. All of it is borrowed for
 * the call. */
struct gp_facts {
    uint32_t size;
    uint32_t operation;   /* one of GP_AT_… */
    uint32_t unknown;     /* mask of GP_FACT_…: what the mail server does not know */
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
                * when it is -1. Empty at first. */
    size_t why_size;
};

/* Why arguments cannot be compiled. */
struct gp_check_error {
    uint32_t size;
    uint32_t argument; /* index of the wrong argument, from 0 */
    uint32_t offset;   /* index of the byte in it, from 0 */
    char message[260]; /* NUL-terminated */
};

struct gp_check {
    uint32_t size;
    uint32_t operations; /* mask of GP_AT_…: where rules may use it */
    uint32_t needs; /* GP_FACT_NAME if it looks at the client's host name, which may cost a look-up; else 0 */
    uint32_t reserved;
    const char *name;  /* in rules: letters, digits, '-' and '_' */
    const char *usage; /* how it is written, for messages: regex("PATTERN") */

    /* Makes *DATA (may stay NULL) from the N arguments, once for each rule file that is taken into use; the
     * engine may share it among rules with the same arguments. Returns 0, or -1 with the reason in *ERROR. */
    int (*compile)(const struct gp_check_host *host, const struct gp_argument *args, size_t n, void **data,
                   struct gp_check_error *error);

    /* Whether the check holds: 1, 0, or -1 cannot say (logged, once an hour for each rule). TEXT is what a
     * pattern of that operation sees. Called from many threads at once with the same DATA. */
    int (*match)(void *data, const struct gp_facts *facts, const char *text, size_t n);

    /* Frees DATA: no match() is running and none will follow. May be NULL. */
    void (*free)(void *data);
};

/* The one function that a plugin exports. Returns its checks, up to a NULL; constant, and valid as long as
 * the plugin. Returns NULL if it does not support MAJOR. */
GP_EXPORT const struct gp_check *const *gatepost_checks(uint32_t major);

/* The one exported function. Returns NULL if this engine does not support MAJOR. The table is constant and
 * lives as long as the library. */
GP_EXPORT const struct gp_api *gatepost_api(uint32_t major);

/* Its type, for a host that finds it with dlsym() or GetProcAddress(). */
typedef const struct gp_api *gp_api_entry(uint32_t major);

#ifdef __cplusplus
}
#endif

#endif
