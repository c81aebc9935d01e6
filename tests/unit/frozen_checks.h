/*
 * frozen_checks.h - what plugins of version 1 were compiled against: the public structs of checks, with the
 * offset and the type of each member for pointers of 64 and of 32 bits, and the values of their flags. To be
 * included where SIZE, MEMBER and VALUE are macros. If it does not compile, a change has broken plugins.
 */

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
MEMBER(gp_check_host, limit_ms, 4, 4, uint32_t);
MEMBER(gp_check_host, context, 8, 8, void *);
MEMBER(gp_check_host, log, 16, 12, void (*)(void *, uint32_t, const char *, size_t));
MEMBER(gp_check_host, clock, 24, 16, int64_t (*)(void *));

/* Elements of an array: this one never grows. */
MEMBER(gp_argument, text, 0, 0, const char *);
MEMBER(gp_argument, size, 8, 4, size_t);

SIZE(gp_facts, 192, 112);
MEMBER(gp_facts, operation, 4, 4, uint32_t);
MEMBER(gp_facts, unknown, 8, 8, uint32_t);
MEMBER(gp_facts, name_state, 12, 12, uint32_t);
MEMBER(gp_facts, client_port, 16, 16, uint32_t);
MEMBER(gp_facts, local_port, 20, 20, uint32_t);
MEMBER(gp_facts, authenticated, 24, 24, uint32_t);
MEMBER(gp_facts, reserved, 28, 28, uint32_t);
MEMBER(gp_facts, address, 32, 32, const char *);
MEMBER(gp_facts, address_size, 40, 36, size_t);
MEMBER(gp_facts, name, 48, 40, const char *);
MEMBER(gp_facts, name_size, 56, 44, size_t);
MEMBER(gp_facts, local_address, 64, 48, const char *);
MEMBER(gp_facts, local_address_size, 72, 52, size_t);
MEMBER(gp_facts, local_name, 80, 56, const char *);
MEMBER(gp_facts, local_name_size, 88, 60, size_t);
MEMBER(gp_facts, helo, 96, 64, const char *);
MEMBER(gp_facts, helo_size, 104, 68, size_t);
MEMBER(gp_facts, sender, 112, 72, const char *);
MEMBER(gp_facts, sender_size, 120, 76, size_t);
MEMBER(gp_facts, recipient, 128, 80, const char *);
MEMBER(gp_facts, recipient_size, 136, 84, size_t);
MEMBER(gp_facts, field, 144, 88, const char *);
MEMBER(gp_facts, field_size, 152, 92, size_t);
MEMBER(gp_facts, value, 160, 96, const char *);
MEMBER(gp_facts, value_size, 168, 100, size_t);
MEMBER(gp_facts, why, 176, 104, char *);
MEMBER(gp_facts, why_size, 184, 108, size_t);

SIZE(gp_check_error, 272, 272);
MEMBER(gp_check_error, argument, 4, 4, uint32_t);
MEMBER(gp_check_error, offset, 8, 8, uint32_t);
MEMBER(gp_check_error, message, 12, 12, char[260]);

SIZE(gp_check, 56, 36);
MEMBER(gp_check, operations, 4, 4, uint32_t);
MEMBER(gp_check, needs, 8, 8, uint32_t);
MEMBER(gp_check, reserved, 12, 12, uint32_t);
MEMBER(gp_check, name, 16, 16, const char *);
MEMBER(gp_check, usage, 24, 20, const char *);
MEMBER(gp_check, compile, 32, 24,
       int (*)(const struct gp_check_host *, const struct gp_argument *, size_t, void **,
               struct gp_check_error *));
MEMBER(gp_check, match, 40, 28, int (*)(void *, const struct gp_facts *, const char *, size_t));
MEMBER(gp_check, free, 48, 32, void (*)(void *));
