#include "translate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REPLY_TEXT_MOST = 980 };

static bool is_name(const char *s)
{
    return s && *s && *s != '[' && strcasecmp(s, "unknown") != 0;
}

enum gp_name_state name_state_of(const char *hostname, const char *client_ptr, const char *client_resolve)
{
    if (client_resolve && strcasecmp(client_resolve, "TEMP") == 0)
        return GP_NAME_UNKNOWN;
    if (client_resolve && strcasecmp(client_resolve, "FORGED") == 0)
        return GP_NAME_FORGED;
    if (client_resolve && strcasecmp(client_resolve, "FAIL") == 0)
        return GP_NAME_NONE;
    if (is_name(hostname))
        return GP_NAME_VERIFIED;
    return is_name(client_ptr) ? GP_NAME_FORGED : GP_NAME_NONE;
}

static const char *without_prefix(const char *s)
{
    return strncasecmp(s, "IPv6:", 5) == 0 ? s + 5 : s;
}

const char *address_of(const char *first, const char *second)
{
    const char *const macros[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        const char *address = macros[i] ? without_prefix(macros[i]) : "";
        if (*address && strcmp(address, "0.0.0.0") != 0 && strcmp(address, "::") != 0)
            return address;
    }
    return "";
}

unsigned port_of(const char *macro)
{
    static const struct {
        const char *name;
        unsigned port;
    } known[] = {{"smtp", 25}, {"submission", 587}, {"smtps", 465}, {"submissions", 465}};
    char *end;
    if (!macro || !*macro)
        return 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(macro, known[i].name) == 0)
            return known[i].port;
    unsigned long port = strtoul(macro, &end, 10);
    return *end == '\0' && port <= 65535 ? (unsigned)port : 0;
}

size_t arguments_join(char *const *pieces, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; pieces && pieces[i]; i++) {
        if (i > 0) {
            if (n + 1 < cap)
                out[n] = ' ';
            n++;
        }
        for (const char *p = pieces[i]; *p; p++, n++)
            if (n + 1 < cap)
                out[n] = *p;
    }
    out[n < cap ? n : cap - 1] = '\0';
    return n;
}

bool is_postfix(const char *version)
{
    return version && strncasecmp(version, "Postfix", 7) == 0;
}

/* USER with the domain that follows it in ARGUMENT, the last time it is there, in ROOM; NULL if it is not there or does not
 * fit. */
static const char *with_domain(const char *user, const char *argument, char *room, size_t cap)
{
    const size_t n = strlen(user);
    const char *found = NULL;
    for (const char *p = argument; n > 0 && (p = strstr(p, user)) != NULL; p++)
        if (p[n] == '@' && (p == argument || strchr("<,;: \t", p[-1])))
            found = p;
    if (!found)
        return NULL;
    size_t size = n + 1 + strcspn(found + n + 1, " \t()<>,;:@\"\\");
    if (size == n + 1 || size >= cap)
        return NULL;
    memcpy(room, found, size);
    room[size] = '\0';
    return room;
}

const char *sender_macro(const char *address, const char *argument, bool postfix, char *room, size_t cap)
{
    if (!address || postfix)
        return address;
    if (strncmp(argument, "<>", 2) == 0)
        return NULL;
    return strchr(address, '@') ? address : with_domain(address, argument, room, cap);
}

const char *recipient_macro(const char *address, const char *argument, const char *mailer, bool postfix,
                            char *room, size_t cap)
{
    if (!address || !*address || (mailer && strcmp(mailer, "error") == 0))
        return NULL;
    const char *whole = postfix || strchr(address, '@') ? NULL : with_domain(address, argument, room, cap);
    return whole ? whole : address;
}

size_t value_length(const char *value)
{
    const char *p = value;
    while ((p = strchr(p, '\n')) != NULL) {
        if (p[1] != ' ' && p[1] != '\t')
            return (size_t)(p - value);
        p++;
    }
    return strlen(value);
}

/* An enhanced code of another class than the code contradicts it, and Sendmail would show both. */
static void take_enhanced(struct reply *r, const char *enhanced)
{
    r->enhanced[0] = '\0';
    if (enhanced[0] == r->code[0] && enhanced[1] == '.')
        snprintf(r->enhanced, sizeof r->enhanced, "%s", enhanced);
}

static void take_text(struct reply *r, const char *text, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size && n + 2 <= REPLY_TEXT_MOST; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '%')
            r->text[n++] = '%';
        r->text[n++] = (char)(c < ' ' || c == 127 ? ' ' : c);
    }
    r->text[n] = '\0';
}

void reply_of(const struct gp_verdict *verdict, struct reply *reply)
{
    static const char closing[] = "Connection closed";
    static const char refused[] = "Transaction refused";
    if (verdict->action == GP_DROP) {
        snprintf(reply->code, sizeof reply->code, "421");
        take_enhanced(reply, "4.7.0");
        take_text(reply, closing, sizeof closing - 1);
        return;
    }
    if (verdict->code < 400 || verdict->code > 599) { /* an engine that follows its interface never returns
                                                       * this */
        snprintf(reply->code, sizeof reply->code, "554");
        take_enhanced(reply, "5.7.1");
        take_text(reply, refused, sizeof refused - 1);
        return;
    }
    snprintf(reply->code, sizeof reply->code, "%03u", (unsigned)verdict->code % 1000);
    take_enhanced(reply, verdict->enhanced);
    take_text(reply, verdict->text ? verdict->text : "", verdict->text ? verdict->text_size : 0);
}
