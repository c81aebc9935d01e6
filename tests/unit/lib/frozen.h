/*
 * frozen.h - what the hosts of version 1 were compiled against: every public struct of gatepost.h with the
 * offset and the type of each member, for pointers of 64 and of 32 bits, and the value of every enum and flag.
 * It holds only assertions of the compiler; test_frozen.c includes it for the machine at hand and
 * tests/check-hosts.sh compiles it for the others, and as C++.
 *
 * If this does not compile, a change has broken hosts that were compiled before it. Take the change back,
 * unless it is one of these, which old hosts do not notice; only then is the table changed with it:
 *   - a member behind the last one of a struct that begins with its size: add a MEMBER line and raise the two
 *     numbers of SIZE. No other line may change. The engine must do well without it (test_api_sizes.c), and a
 *     host asks GP_HAS() before it uses it;
 *   - another value of an enum or a flag that old hosts never meet unasked: add a VALUE line;
 *   - another struct: add its lines.
 * The arguments of functions are frozen too. Taking something out, moving it or giving it another type is for
 * another GP_API_MAJOR.
 */
#ifndef GATEPOST_TEST_FROZEN_H
#define GATEPOST_TEST_FROZEN_H

#include "core/gatepost.h"

#ifdef __cplusplus
template <class a, class b> struct frozen_same {
    static const bool yes = false;
};
template <class a> struct frozen_same<a, a> {
    static const bool yes = true;
};
#define FROZEN(holds, what) static_assert(holds, what)
#define FROZEN_TYPE(type, member, wanted)                                                                      \
    (frozen_same<__typeof__(((struct type *)0)->member), __typeof__(wanted)>::yes)
#else
#define FROZEN(holds, what) _Static_assert(holds, what)
#define FROZEN_TYPE(type, member, wanted)                                                                      \
    _Generic(&((struct type *)0)->member, __typeof__(wanted) * : 1, default : 0)
#endif

#define FROZEN_64 (sizeof(void *) == 8)

#define SIZE(type, size64, size32)                                                                             \
    FROZEN(sizeof(struct type) == (FROZEN_64 ? (size64) : (size32)), "the size of struct " #type);             \
    FROZEN(offsetof(struct type, size) == 0, "struct " #type " begins with its size")
/* The type comes last, since it may have commas. */
#define MEMBER(type, member, at64, at32, ...)                                                                  \
    FROZEN(offsetof(struct type, member) == (FROZEN_64 ? (at64) : (at32)), "where " #type "." #member " is");  \
    FROZEN(FROZEN_TYPE(type, member, __VA_ARGS__), "the type of " #type "." #member)
#define VALUE(name, value) FROZEN((name) == (value), "the value of " #name)

FROZEN(sizeof(void *) == 8 || sizeof(void *) == 4, "pointers of 64 or of 32 bits");
FROZEN(sizeof(size_t) == sizeof(void *), "size_t is as wide as a pointer");

/* ---- values ---- */

VALUE(GP_API_MAJOR, 1);

VALUE(GP_PASS, 0);
VALUE(GP_FAIL, 1);
VALUE(GP_REFUSE, 2);
VALUE(GP_CLOSE, 3);
VALUE(GP_DROP, 4);

VALUE(GP_PHASE_NONE, 0);
VALUE(GP_PHASE_CONNECT, 1);
VALUE(GP_PHASE_HELO, 2);
VALUE(GP_PHASE_MAIL, 3);
VALUE(GP_PHASE_RCPT, 4);
VALUE(GP_PHASE_DATA, 5);
VALUE(GP_PHASE_END, 6);

VALUE(GP_NAME_UNKNOWN, 0);
VALUE(GP_NAME_NONE, 1);
VALUE(GP_NAME_VERIFIED, 2);
VALUE(GP_NAME_FORGED, 3);

VALUE(GP_LOG_ERROR, 0);
VALUE(GP_LOG_WARNING, 1);
VALUE(GP_LOG_NOTICE, 2);

VALUE(GP_READ_ONLY, 1);
VALUE(GP_NO_STATE, 2);
VALUE(GP_TEMPFAIL, 4);
VALUE(GP_ANNOUNCE, 8);
VALUE(GP_CONNECT_ASKED, 1);

VALUE(GP_ARGUMENT, 1);
VALUE(GP_CUT, 2);
VALUE(GP_SECOND, 4);

VALUE(GP_FACT_NAME, 1);
VALUE(GP_FACT_HELO, 2);
VALUE(GP_FACT_MAIL, 4);
VALUE(GP_FACT_RCPT, 8);
VALUE(GP_FACT_ALL_FIELDS, 16);

/* ---- structs ---- */

/* clang-format off */
SIZE(gp_host, 32, 20);
MEMBER(gp_host, size,      0,  0, uint32_t);
MEMBER(gp_host, reserved,  4,  4, uint32_t);
MEMBER(gp_host, context,   8,  8, void *);
MEMBER(gp_host, log,      16, 12, void (*)(void *, uint32_t, const char *, size_t));
MEMBER(gp_host, clock,    24, 16, int64_t (*)(void *));

SIZE(gp_open_options, 32, 20);
MEMBER(gp_open_options, size,       0,  0, uint32_t);
MEMBER(gp_open_options, flags,      4,  4, uint32_t);
MEMBER(gp_open_options, host,       8,  8, const struct gp_host *);
MEMBER(gp_open_options, config,    16, 12, const char *);
MEMBER(gp_open_options, state_dir, 24, 16, const char *);

SIZE(gp_error, 780, 780);
MEMBER(gp_error, size,      0,   0, uint32_t);
MEMBER(gp_error, line,      4,   4, uint32_t);
MEMBER(gp_error, column,    8,   8, uint32_t);
MEMBER(gp_error, file,     12,  12, char[256]);
MEMBER(gp_error, message, 268, 268, char[512]);

SIZE(gp_client, 88, 56);
MEMBER(gp_client, size,                0,  0, uint32_t);
MEMBER(gp_client, name_state,          4,  4, uint32_t);
MEMBER(gp_client, port,                8,  8, uint32_t);
MEMBER(gp_client, local_port,         12, 12, uint32_t);
MEMBER(gp_client, address,            16, 16, const char *);
MEMBER(gp_client, address_size,       24, 20, size_t);
MEMBER(gp_client, name,               32, 24, const char *);
MEMBER(gp_client, name_size,          40, 28, size_t);
MEMBER(gp_client, local_address,      48, 32, const char *);
MEMBER(gp_client, local_address_size, 56, 36, size_t);
MEMBER(gp_client, local_name,         64, 40, const char *);
MEMBER(gp_client, local_name_size,    72, 44, size_t);
MEMBER(gp_client, flags,              80, 48, uint32_t);
MEMBER(gp_client, reserved,           84, 52, uint32_t);

SIZE(gp_verdict, 80, 56);
MEMBER(gp_verdict, size,           0,  0, uint32_t);
MEMBER(gp_verdict, action,         4,  4, uint32_t);
MEMBER(gp_verdict, phase,          8,  8, uint32_t);
MEMBER(gp_verdict, code,          12, 12, uint32_t);
MEMBER(gp_verdict, enhanced,      16, 16, char[12]);
MEMBER(gp_verdict, block_seconds, 28, 28, uint32_t);
MEMBER(gp_verdict, text,          32, 32, const char *);
MEMBER(gp_verdict, text_size,     40, 36, size_t);
MEMBER(gp_verdict, reply,         48, 40, const char *);
MEMBER(gp_verdict, reply_size,    56, 44, size_t);
MEMBER(gp_verdict, cause,         64, 48, const char *);
MEMBER(gp_verdict, cause_size,    72, 52, size_t);

SIZE(gp_api, 208, 112);
MEMBER(gp_api, size,             0,   0, uint32_t);
MEMBER(gp_api, major,            4,   4, uint32_t);
MEMBER(gp_api, minor,            8,   8, uint32_t);
MEMBER(gp_api, reserved,        12,  12, uint32_t);
MEMBER(gp_api, version,         16,  16, const char *);
MEMBER(gp_api, engine_open,     24,  20, int (*)(const struct gp_open_options *, struct gp_engine **, struct gp_error *));
MEMBER(gp_api, engine_close,    32,  24, void (*)(struct gp_engine **));
MEMBER(gp_api, engine_refresh,  40,  28, int (*)(struct gp_engine *));
MEMBER(gp_api, session_open,    48,  32, int (*)(struct gp_engine *, const struct gp_client *, struct gp_session **));
MEMBER(gp_api, session_close,   56,  36, void (*)(struct gp_session **));
MEMBER(gp_api, needs,           64,  40, uint32_t (*)(struct gp_session *));
MEMBER(gp_api, client_name,     72,  44, void (*)(struct gp_session *, const char *, size_t, uint32_t));
MEMBER(gp_api, unknown,         80,  48, void (*)(struct gp_session *, uint32_t));
MEMBER(gp_api, connect,         88,  52, int (*)(struct gp_session *, struct gp_verdict *));
MEMBER(gp_api, helo,            96,  56, int (*)(struct gp_session *, const char *, size_t, uint32_t, struct gp_verdict *));
MEMBER(gp_api, mail,           104,  60, int (*)(struct gp_session *, const char *, size_t, uint32_t, struct gp_verdict *));
MEMBER(gp_api, rcpt,           112,  64, int (*)(struct gp_session *, const char *, size_t, uint32_t, struct gp_verdict *));
MEMBER(gp_api, data,           120,  68, int (*)(struct gp_session *, struct gp_verdict *));
MEMBER(gp_api, auth,           128,  72, void (*)(struct gp_session *));
MEMBER(gp_api, rcpt_rejected,  136,  76, void (*)(struct gp_session *));
MEMBER(gp_api, header_text,    144,  80, void (*)(struct gp_session *, const char *, size_t));
MEMBER(gp_api, header,         152,  84, void (*)(struct gp_session *, const char *, size_t, const char *, size_t));
MEMBER(gp_api, end_of_headers, 160,  88, int (*)(struct gp_session *, struct gp_verdict *));
MEMBER(gp_api, end_of_message, 168,  92, int (*)(struct gp_session *, uint64_t, struct gp_verdict *));
MEMBER(gp_api, reset,          176,  96, void (*)(struct gp_session *));
MEMBER(gp_api, get_ext,        184, 100, const void *(*)(const char *));
MEMBER(gp_api, mail_parsed,    192, 104, void (*)(struct gp_session *, const char *, size_t, uint32_t));
MEMBER(gp_api, rcpt_parsed,    200, 108, void (*)(struct gp_session *, const char *, size_t, uint32_t));

/* get_ext("trace/1") */
SIZE(gp_trace_ext, 16, 12);
MEMBER(gp_trace_ext, size,     0, 0, uint32_t);
MEMBER(gp_trace_ext, reserved, 4, 4, uint32_t);
MEMBER(gp_trace_ext, set,      8, 8, void (*)(struct gp_session *, void (*)(void *, const char *, size_t), void *));

/* get_ext("settings/1") */
SIZE(gp_settings_ext, 16, 12);
MEMBER(gp_settings_ext, size,     0, 0, uint32_t);
MEMBER(gp_settings_ext, reserved, 4, 4, uint32_t);
MEMBER(gp_settings_ext, get,      8, 8, const char *(*)(struct gp_session *, const char *));

/* ---- checks as plugins ---- */

VALUE(GP_CHECK_MAJOR, 1);

VALUE(GP_AT_CONNECT, 1);
VALUE(GP_AT_HELO, 2);
VALUE(GP_AT_HELO_DEFERRED, 4);
VALUE(GP_AT_MAIL, 8);
VALUE(GP_AT_RCPT, 16);
VALUE(GP_AT_HEADER, 32);
VALUE(GP_AT_SUBJECT, 64);
VALUE(GP_AT_MESSAGE_ID, 128);
VALUE(GP_AT_HEADERS, 256);
VALUE(GP_AT_ALL, 511);

SIZE(gp_check_host, 32, 20);
MEMBER(gp_check_host, size,      0,  0, uint32_t);
MEMBER(gp_check_host, limit_ms,  4,  4, uint32_t);
MEMBER(gp_check_host, context,   8,  8, void *);
MEMBER(gp_check_host, log,      16, 12, void (*)(void *, uint32_t, const char *, size_t));
MEMBER(gp_check_host, clock,    24, 16, int64_t (*)(void *));

/* They come as an array, so this struct can never grow. */
FROZEN(sizeof(struct gp_argument) == 2 * sizeof(void *), "the size of struct gp_argument");
MEMBER(gp_argument, text, 0, 0, const char *);
MEMBER(gp_argument, size, 8, 4, size_t);

SIZE(gp_facts, 192, 112);
MEMBER(gp_facts, size,                 0,   0, uint32_t);
MEMBER(gp_facts, operation,            4,   4, uint32_t);
MEMBER(gp_facts, unknown,              8,   8, uint32_t);
MEMBER(gp_facts, name_state,          12,  12, uint32_t);
MEMBER(gp_facts, client_port,         16,  16, uint32_t);
MEMBER(gp_facts, local_port,          20,  20, uint32_t);
MEMBER(gp_facts, authenticated,       24,  24, uint32_t);
MEMBER(gp_facts, reserved,            28,  28, uint32_t);
MEMBER(gp_facts, address,             32,  32, const char *);
MEMBER(gp_facts, address_size,        40,  36, size_t);
MEMBER(gp_facts, name,                48,  40, const char *);
MEMBER(gp_facts, name_size,           56,  44, size_t);
MEMBER(gp_facts, local_address,       64,  48, const char *);
MEMBER(gp_facts, local_address_size,  72,  52, size_t);
MEMBER(gp_facts, local_name,          80,  56, const char *);
MEMBER(gp_facts, local_name_size,     88,  60, size_t);
MEMBER(gp_facts, helo,                96,  64, const char *);
MEMBER(gp_facts, helo_size,          104,  68, size_t);
MEMBER(gp_facts, sender,             112,  72, const char *);
MEMBER(gp_facts, sender_size,        120,  76, size_t);
MEMBER(gp_facts, recipient,          128,  80, const char *);
MEMBER(gp_facts, recipient_size,     136,  84, size_t);
MEMBER(gp_facts, field,              144,  88, const char *);
MEMBER(gp_facts, field_size,         152,  92, size_t);
MEMBER(gp_facts, value,              160,  96, const char *);
MEMBER(gp_facts, value_size,         168, 100, size_t);
MEMBER(gp_facts, why,                176, 104, char *);
MEMBER(gp_facts, why_size,           184, 108, size_t);

SIZE(gp_check_error, 272, 272);
MEMBER(gp_check_error, size,      0,  0, uint32_t);
MEMBER(gp_check_error, argument,  4,  4, uint32_t);
MEMBER(gp_check_error, offset,    8,  8, uint32_t);
MEMBER(gp_check_error, message,  12, 12, char[260]);

SIZE(gp_check, 56, 36);
MEMBER(gp_check, size,        0,  0, uint32_t);
MEMBER(gp_check, operations,  4,  4, uint32_t);
MEMBER(gp_check, needs,       8,  8, uint32_t);
MEMBER(gp_check, reserved,   12, 12, uint32_t);
MEMBER(gp_check, name,       16, 16, const char *);
MEMBER(gp_check, usage,      24, 20, const char *);
MEMBER(gp_check, compile,    32, 24, int (*)(const struct gp_check_host *, const struct gp_argument *, size_t, void **, struct gp_check_error *));
MEMBER(gp_check, match,      40, 28, int (*)(void *, const struct gp_facts *, const char *, size_t));
MEMBER(gp_check, free,       48, 32, void (*)(void *));
/* clang-format on */

/* The exported function. */
#ifdef __cplusplus
FROZEN((frozen_same<__typeof__(&gatepost_api), const struct gp_api *(*)(uint32_t)>::yes), "gatepost_api");
#else
FROZEN(_Generic(gatepost_api, const struct gp_api *(*)(uint32_t) : 1, default : 0), "gatepost_api");
#endif
FROZEN(sizeof(gp_api_entry *) == sizeof(void *), "dlsym() gives it");

#endif
