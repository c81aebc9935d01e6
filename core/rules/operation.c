#include "operation.h"

#include "core/base/scan.h"

const char *const operation_name[OP_COUNT] = {
    [OP_CONNECT] = "connect",
    [OP_HELO] = "helo",
    [OP_HELO_DEFERRED] = "helo-deferred",
    [OP_MAIL] = "mail",
    [OP_RCPT] = "rcpt",
    [OP_HEADER] = "header",
    [OP_SUBJECT] = "subject",
    [OP_MESSAGE_ID] = "message-id",
    [OP_HEADERS] = "headers",
};

/* Those that MercuryS has. */
static const char letter[OP_COUNT] = {
    [OP_HELO] = 'h', [OP_HELO_DEFERRED] = 'd', [OP_MAIL] = 'm', [OP_RCPT] = 'r', [OP_SUBJECT] = 's',
};

bool operation_find(struct text word, enum operation *out)
{
    for (unsigned op = 0; op < OP_COUNT; op++)
        if ((word.n == 1 && letter[op] && fold((unsigned char)word.p[0]) == (unsigned char)letter[op]) ||
            text_eq_nocase(word, text_z(operation_name[op]))) {
            *out = (enum operation)op;
            return true;
        }
    return false;
}

const char *operation_nearest(struct text word)
{
    struct scan_near near = scan_near(word);
    for (unsigned op = 0; op < OP_COUNT; op++)
        scan_near_try(&near, operation_name[op]);
    return near.name;
}

const char *operation_phase_name(unsigned phase)
{
    static const char *const name[] = {"-", "connect", "helo", "mail", "rcpt", "data", "end"};
    return name[phase < sizeof name / sizeof *name ? phase : 0];
}
