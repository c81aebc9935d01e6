#include "added.h"

#include "core/mail/domain.h"

static bool is_one_of(struct text name, const char *const names[], size_t count)
{
    unsigned char first = name.n ? fold((unsigned char)name.p[0]) : 0,
                  third = name.n > 2 ? fold((unsigned char)name.p[2]) : 0;
    for (size_t i = 0; i < count; i++) {
        if (fold((unsigned char)names[i][0]) != first || fold((unsigned char)names[i][2]) != third)
            continue;
        size_t n = strlen(names[i]);
        bool prefix = names[i][n - 1] == '*';
        if (prefix ? text_starts_nocase(name, text_of(names[i], n - 1))
                   : text_eq_nocase(name, text_z(names[i])))
            return true;
    }
    return false;
}

#define IS_ONE_OF(name, names) is_one_of(name, names, sizeof(names) / sizeof *(names))

/*
 * Marks that mail programs keep in their mailboxes: at the end (UW IMAP, mutt, Dovecot) or on top (Mozilla).
 * Return-Path is the final delivery's alone (RFC 5321 section 4.4). Delivered-To below the Received field stays:
 * it is a trace of a list or a forwarder, and came with the message.
 */
static const char *const marks[] = {"Return-Path",
                                    "Status",
                                    "X-Status",
                                    "X-Keywords",
                                    "X-UID",
                                    "X-UIDL",
                                    "X-IMAP",
                                    "X-IMAPbase",
                                    "X-Evolution",
                                    "X-Mozilla-Status",
                                    "X-Mozilla-Status2",
                                    "X-Mozilla-Keys",
                                    "X-Gmail-Labels",
                                    "X-GM-THRID"};

/* Results that name the server that wrote them: its own if they name it, or its domain. */
static const char *const results[] = {"Authentication-Results",
                                      "X-Authentication-Results",
                                      "Received-SPF",
                                      "X-Received-SPF",
                                      "DKIM-Filter",
                                      "X-DKIM*",
                                      "DomainKey-Status",
                                      "X-Greylist*",
                                      "X-Virus-*",
                                      "X-Scanned-By",
                                      "X-MailScanner*",
                                      "X-Amavis-*",
                                      "X-SpamProbe*",
                                      "X-Sender-Verify*",
                                      "DMARC-Filter",
                                      "X-DMARC*",
                                      "X-SPF*",
                                      "X-ASG-*",
                                      "X-Barracuda-*"};

/* What Exchange and Google write for themselves, if it is they who took the message in. */
static const char *const exchange[] = {"X-MS-Exchange-Organization-*", "X-EOPAttributedMessage",
                                       "X-EOPTenantAttributedMessage", "X-MS-Exchange-Transport-*",
                                       "X-MS-Exchange-Processed-By-*", "X-MS-PublicTrafficType"};
static const char *const google[] = {"X-Google-Smtp-Source", "X-Received", "X-Gm-*"};

static const char *const list_fields[] = {"List-*",       "X-BeenThere",      "X-Mailman-*", "X-Mailing-List",
                                          "Mailing-List", "X-Mailinglist",    "Errors-To",   "X-Loop",
                                          "X-List-*",     "X-Listprocessor-*"};

/* Whether NAME can be in one of the lists: most fields cannot, and this is cheap. */
static bool may_be_added(struct text name)
{
    static const char *const starts[] = {"ar", "au", "dk", "dm", "do", "er", "li",
                                         "ma", "me", "pr", "re", "st", "x-"};
    if (name.n < 3)
        return false;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (fold((unsigned char)name.p[0]) == (unsigned char)starts[i][0] &&
            fold((unsigned char)name.p[1]) == (unsigned char)starts[i][1])
            return true;
    return false;
}

/* The organisation's part of a name: "example.com" of "mx.example.com", "example.co.uk" of "mx.example.co.uk". */
static struct text organisation(struct text host)
{
    static const char *const seconds[] = {"co",  "com", "net", "org", "ac", "edu",
                                          "gov", "gv",  "ne",  "or",  "go"};
    host = domain_trim(host);
    size_t at = host.n, dots = 0, label = host.n, wanted = 2;
    while (at) {
        if (host.p[--at] != '.')
            continue;
        struct text here = text_of(host.p + at + 1, label - at - 1);
        if (++dots == 2 && host.n - label == 3)
            for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
                wanted = text_eq_nocase(here, text_z(seconds[i])) ? 3 : wanted;
        if (dots == wanted)
            return text_skip(host, at + 1);
        label = at;
    }
    return host;
}

void added_server(struct added *a, struct text by)
{
    by = domain_trim(by);
    if (!by.n)
        return;
    if (a->server_count < ADDED_SERVERS)
        a->servers[a->server_count++] = by;
    else
        a->servers[ADDED_SERVERS - 1] = by;
    a->domain = organisation(by);
}

bool added_is_own(const struct added *a, struct text host)
{
    return text_eq_nocase(organisation(host), a->domain);
}

static struct text value_of(struct text lines)
{
    return text_skip(lines, text_find(lines, 0, ':') + 1);
}

/* Whether VALUE names the server, or a host of its domain. */
static bool names_server(const struct added *a, struct text value)
{
    size_t at = a->domain.n > 3 ? text_find_nocase(value, a->domain) : value.n;
    for (; at < value.n; at += 1) {
        size_t next = text_find_nocase(text_skip(value, at), a->domain);
        at += next;
        if (at >= value.n)
            return false;
        struct text after = text_skip(value, at + a->domain.n);
        bool begins = !at || !is_alnum((unsigned char)value.p[at - 1]),
             ends = !after.n || (!is_alnum((unsigned char)after.p[0]) && after.p[0] != '-' &&
                                 !(after.p[0] == '.' && after.n > 1 && is_alnum((unsigned char)after.p[1])));
        if (begins && ends)
            return true;
    }
    return false;
}

/* The host before the first ';' of Authentication-Results and its kin, and the number of an ARC set: "i=1; host". */
static bool is_result_of(const struct added *a, struct text value, unsigned *set)
{
    uint64_t number;
    *set = 0;
    value = text_trim(value);
    if (text_starts_nocase(value, TEXT("i="))) {
        size_t end = text_find(value, 0, ';');
        if (text_number(text_trim(text_of(value.p + 2, end - 2)), ADDED_ARC - 1, &number))
            *set = (unsigned)number;
        value = text_trim(text_skip(value, end + 1));
    }
    value.n = text_find(value, 0, ';');
    return names_server(a, value);
}

/* The number and domain of an ARC-Seal: "i=1; a=rsa-sha256; d=example.com; ...". */
static bool is_seal_of(const struct added *a, struct text value, unsigned *set)
{
    is_result_of(a, value, set);
    size_t at = text_find_nocase(value, TEXT("d="));
    struct text domain = text_skip(value, at + 2);
    domain.n = text_find(domain, 0, ';');
    return at < value.n && names_server(a, domain);
}

/* "SpamAssassin 3.4.2 (2018-09-13) on HOST", folded anywhere. */
static bool has_host(struct text value)
{
    for (size_t at = 0; at < value.n; at++) {
        at += text_find_nocase(text_skip(value, at), TEXT(" on"));
        if (at + 3 < value.n && is_space((unsigned char)value.p[at + 3]))
            return true;
    }
    return false;
}

void added_look(struct added *a, struct text name, struct text lines)
{
    struct text value = value_of(lines);
    unsigned set;
    if (!may_be_added(name))
        return;
    if (text_eq_nocase(name, TEXT("ARC-Authentication-Results")) && is_result_of(a, value, &set))
        a->arc[set] = true;
    else if (text_eq_nocase(name, TEXT("ARC-Seal")) && is_seal_of(a, value, &set))
        a->arc[set] = true;
    else if (text_eq_nocase(name, TEXT("Precedence")))
        a->precedences++;
    else if (text_eq_nocase(name, TEXT("X-Spam-Checker-Version")))
        a->foreign_spam_mark = has_host(value) && !names_server(a, value);
    else if (IS_ONE_OF(name, list_fields))
        a->is_list = a->is_list || names_server(a, value);
}

bool added_is_resent(const struct added *a, struct text path)
{
    return text_starts_nocase(path, TEXT("SRS0")) || text_starts_nocase(path, TEXT("SRS1")) ||
           (a->is_list && names_server(a, path));
}

static bool is_guid(struct text t)
{
    size_t digits = 0;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = fold((unsigned char)t.p[i]);
        bool hex = is_digit(c) || (c >= 'a' && c <= 'f');
        if (!hex && c != '-' && c != '{' && c != '}')
            return false;
        digits += hex;
    }
    return digits == 32;
}

/*
 * Whether the server made this Message-ID. Sendmail, Postfix, Exim and others make one of their own queue id
 * (<200307240811.h6O8BjCE012345@janus.example.org>), below their Received field. Exchange takes a GUID at its own
 * name, Google says it in the text, MDaemon begins it with its name.
 */
static bool is_own_message_id(const struct added *a, const struct received *r, struct text value)
{
    size_t open = text_find(value, 0, '<'), at = text_find(value, 0, '@');
    if (r->id.n >= 6 && text_find_nocase(value, r->id) < value.n)
        return true;
    if (text_find_nocase(value, TEXT("SMTPIN_ADDED_")) < value.n)
        return true;
    if (at == value.n || open > at)
        return false;
    struct text left = text_of(value.p + open + 1, at - open - 1), right = text_skip(value, at + 1);
    right.n = text_find(right, 0, '>');
    bool own_name = false;
    for (size_t i = 0; i < a->server_count; i++)
        own_name = own_name || text_eq_nocase(right, a->servers[i]);
    return own_name && (is_guid(left) || text_starts_nocase(left, TEXT("MDAEMON")) ||
                        text_starts_nocase(left, TEXT("auto-")));
}

enum added_kind added_kind(struct added *a, const struct received *r, struct text name, struct text lines)
{
    struct text value = value_of(lines);
    unsigned set;
    if (!may_be_added(name))
        return ADDED_NOT;
    if (IS_ONE_OF(name, marks))
        return ADDED_BY_STORE;
    if (text_eq_nocase(name, TEXT("Message-ID")))
        return is_own_message_id(a, r, value) ? ADDED_MESSAGE_ID : ADDED_NOT;
    if (text_starts_nocase(name, TEXT("ARC-"))) {
        is_result_of(a, value, &set);
        return set && a->arc[set] ? ADDED_BY_SERVER : ADDED_NOT;
    }
    if (text_eq_nocase(name, TEXT("Precedence"))) {
        bool second = ++a->precedence > 1 && a->precedence == a->precedences;
        return second || (a->is_list && a->precedences == 1) ? ADDED_BY_SERVER : ADDED_NOT;
    }
    if (text_starts_nocase(name, TEXT("X-Spam-")))
        return a->foreign_spam_mark ? ADDED_NOT : ADDED_BY_SERVER;
    if (text_ends_nocase(name, TEXT("Authentication-Results")))
        return is_result_of(a, value, &set) ? ADDED_BY_SERVER : ADDED_NOT;
    if ((IS_ONE_OF(name, exchange) && r->form && strcmp(r->form, "Microsoft Exchange") == 0) ||
        (IS_ONE_OF(name, google) && text_eq_nocase(a->domain, TEXT("google.com"))) ||
        ((IS_ONE_OF(name, results) || IS_ONE_OF(name, list_fields)) && names_server(a, value)))
        return ADDED_BY_SERVER;
    return ADDED_NOT;
}
