#include "received_forms.h"

#include "core/base/writer.h"

bool received_forms_authenticated(struct text c)
{
    static const char *const starts[] = {
        "authenticated bits=", "authenticated (",  "Authenticated sender: ", "AUTH: ", "account ",
        "authenticated user ", "authenticated as "};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (c.n && fold((unsigned char)c.p[0]) == 'a' && text_starts_nocase(c, text_z(starts[i])))
            return true;
    return text_eq_nocase(c, TEXT("authenticated"));
}

/*
 * The table
 */

enum where {
    BY,       /* a comment after `by` has the mark */
    PROTOCOL, /* the words after `with` begin with it */
    HOST,     /* the server's name ends in it */
    DOTTED,   /* the name before the address ends in a dot */
    VERSION,  /* a comment after `by` is like "8.11.6/8.11.6" */
    FROM_WITH /* `via smap` and the like, before or after `by` */
};

typedef bool shape_fn(struct received_shape *s, struct received *r);

struct form {
    const char *name;
    enum where where;
    const char *mark;
    bool verified; /* a name before the address is verified, and one that is missing does not exist */
    shape_fn *shapes[4];
};

static const struct form forms[] = {
    {"Sendmail", VERSION, "", true, {received_shapes_standard, received_shapes_address}},
    {"Postfix", BY, "Postfix", true, {received_shapes_standard}},
    {"Exim", BY, "Exim", true, {received_shapes_exim}},
    {"qmail-ldap", BY, "qmail-ldap", false, {received_shapes_qmail, received_shapes_bare}},
    {"qpsmtpd", BY, "qpsmtpd", false, {received_shapes_qmail, received_shapes_bare}},
    {"qmail (qp)", BY, "qp ", false, {received_shapes_qmail, received_shapes_bare}},
    {"CommuniGate Pro",
     BY,
     "CommuniGate",
     false,
     {received_shapes_literal, received_shapes_standard, received_shapes_address}},
    {"Microsoft SMTPSVC", PROTOCOL, "Microsoft SMTPSVC", false, {received_shapes_standard}},
    {"Microsoft Exchange", PROTOCOL, "Microsoft SMTP Server", false, {received_shapes_bare}},
    {"Exchange 5.5",
     BY,
     "Microsoft Exchange Internet Mail",
     false,
     {received_shapes_standard, received_shapes_bare}},
    {"PowerMTA", BY, "PowerMTA", false, {received_shapes_bare}},
    {"Momentum", BY, "ecelerity", true, {received_shapes_helo_inside, received_shapes_standard}},
    {"MDaemon",
     BY,
     "MDaemon",
     false,
     {received_shapes_bracket, received_shapes_standard, received_shapes_bare}},
    {"IMail", BY, "SMTPD32", false, {received_shapes_bracket}},
    {"IMail (Ipswitch)", BY, "SMTPD-", false, {received_shapes_bracket}},
    {"Mercury/32", BY, "Mercury", false, {received_shapes_bare}},
    {"XMail", PROTOCOL, "[XMail ", false, {received_shapes_bare}},
    {"iPlanet Messaging Server", BY, "iPlanet", true, {received_shapes_standard}},
    {"Sun Java System Messaging", BY, "Sun Java", true, {received_shapes_standard}},
    {"Oracle Messaging Server", BY, "Oracle Communications", true, {received_shapes_standard}},
    {"InterMail", BY, "InterMail", false, {received_shapes_standard, received_shapes_bare}},
    {"Domino", BY, "Domino", false, {received_shapes_standard, received_shapes_bare}},
    {"GroupWise", BY, "GroupWise", false, {received_shapes_standard, received_shapes_bare}},
    {"OpenSMTPD", BY, "OpenSMTPD", false, {received_shapes_standard}},
    {"Haraka", BY, "Haraka", false, {received_shapes_standard}},
    {"hMailServer", BY, "hMailServer", false, {received_shapes_standard, received_shapes_bare}},
    {"MailEnable",
     PROTOCOL,
     "MailEnable",
     false,
     {received_shapes_standard, received_shapes_address, received_shapes_bare}},
    {"IceWarp", BY, "IceWarp", false, {received_shapes_standard, received_shapes_bare}},
    {"Merak", BY, "Merak", false, {received_shapes_standard, received_shapes_bare}},
    {"Kerio Connect", BY, "Kerio", false, {received_shapes_standard, received_shapes_bare}},
    {"SurgeMail", BY, "SurgeMail", false, {received_shapes_standard, received_shapes_bare}},
    {"Axigen", BY, "Axigen", false, {received_shapes_standard, received_shapes_bare}},
    {"MailMarshal", BY, "MailMarshal", false, {received_shapes_standard, received_shapes_bare}},
    {"Barracuda", BY, "Barracuda", false, {received_shapes_standard, received_shapes_bare}},
    {"Symantec", BY, "Symantec", false, {received_shapes_standard, received_shapes_bare}},
    {"Mimecast", HOST, ".mimecast.com", false, {received_shapes_standard, received_shapes_bare}},
    {"Google", DOTTED, "", false, {received_shapes_standard}},
    {"Google", HOST, ".google.com", false, {received_shapes_standard, received_shapes_address}},
    {"Yahoo",
     HOST,
     ".yahoo.com",
     false,
     {received_shapes_qmail, received_shapes_bare, received_shapes_address}},
    {"Zoho", BY, "zoho mail", false, {received_shapes_standard, received_shapes_bare}},
    {"Apache James", BY, "JAMES", false, {received_shapes_standard, received_shapes_bare}},
    {"Stalwart", BY, "Stalwart", true, {received_shapes_standard}},
    {"Nemesis", BY, "Nemesis", false, {received_shapes_literal, received_shapes_exim}},
    {"EMWAC", BY, "EMWAC", false, {received_shapes_standard}},
    {"MailSite", BY, "SMTPRS", false, {received_shapes_standard, received_shapes_bare}},
    {"amavis", BY, "amavis", false, {received_shapes_standard}},
    {"Cyrus LMTP", BY, "Cyrus", false, {received_shapes_standard, received_shapes_address}},
    {"Dovecot LMTP", BY, "Dovecot", false, {received_shapes_standard}},
    {"Post.Office", BY, "Post.Office", false, {received_shapes_address, received_shapes_standard}},
    {"ArGoSoft", BY, "ArGoSoft", false, {received_shapes_address, received_shapes_standard}},
    {"InterScan", BY, "InterScan", false, {received_shapes_address, received_shapes_standard}},
    {"MessageWall", BY, "MessageWall", false, {received_shapes_address}},
    {"MailGate", BY, "MailGate", false, {received_shapes_address}},
    {"F-Secure", BY, "F-Secure", false, {received_shapes_literal}},
    {"Tumbleweed", BY, "Tumbleweed", false, {received_shapes_address}},
    {"Smail", BY, "Smail", false, {received_shapes_smail}},
    {"smap", FROM_WITH, "smap", false, {received_shapes_glued}},
    {"csmap", FROM_WITH, "csmap", false, {received_shapes_glued}},
    {"Obtuse smtpd", FROM_WITH, "SMTP", false, {received_shapes_glued}},
    {"fetchmail", BY, "fetchmail", false, {received_shapes_bracket, received_shapes_address}},
    {"Exim or Courier, unnamed",
     PROTOCOL,
     "esmtp",
     false,
     {received_shapes_standard, received_shapes_exim, received_shapes_bare}},
    {"Exim, unnamed", PROTOCOL, "smtp", false, {received_shapes_exim, received_shapes_bare}},
    /* what is left: servers that do not say who they are */
    {"qmail", PROTOCOL, "SMTP", false, {received_shapes_qmail}},
    {"RFC 5321",
     BY,
     "",
     false,
     {received_shapes_qmail, received_shapes_helo_inside, received_shapes_standard, received_shapes_literal}},
    {"HELO and address", BY, "", false, {received_shapes_bare}},
    {"address alone", BY, "", false, {received_shapes_address}},
};

size_t received_forms_count(void)
{
    return sizeof forms / sizeof *forms;
}

const char *received_forms_name(size_t i)
{
    return forms[i].name;
}

/* The letters and digits of T, each a bit: a text that lacks one of a mark's cannot have the mark. */
static uint64_t letters_of(struct text t)
{
    uint64_t set = 0;
    for (size_t i = 0; i < t.n; i++)
        set |= (uint64_t)1 << (fold((unsigned char)t.p[i]) & 63);
    return set;
}

/* What the server says about itself: the comments after the word `by`. Names and addresses are none. */
struct remarks {
    struct text comment[RECEIVED_TOKENS];
    size_t count;
    uint64_t letters; /* of all of them */
};

static void find_remarks(const struct received_tokens *t, struct remarks *out)
{
    out->count = 0;
    out->letters = 0;
    for (size_t i = t->by; i < t->count; i++)
        if (t->token[i].comment) {
            out->comment[out->count++] = t->token[i].text;
            out->letters |= letters_of(t->token[i].text);
        }
}

static bool has_mark(const struct remarks *r, const char *mark)
{
    struct text m = text_z(mark);
    if (letters_of(m) & ~r->letters)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (text_find_nocase(r->comment[i], m) < r->comment[i].n)
            return true;
    return false;
}

/* "8.11.6/8.11.6", "SGI-8.9.3/8.8.7", "8.12.1/", "8.16.0.42/8.16.0.42". */
static bool is_version(struct text t)
{
    size_t slash = text_find(t, 0, '/'), dots = 0;
    for (size_t i = 0; i < slash; i++)
        dots += t.p[i] == '.';
    return slash < t.n && slash >= 3 && dots >= 1 && text_find(t, 0, '8') < slash &&
           text_find(t, 0, ' ') > slash;
}

static bool is_form(const struct form *f, const struct received_tokens *t, const struct remarks *remarks,
                    const struct received *r)
{
    switch (f->where) {
    case BY:
        return !f->mark[0] || has_mark(remarks, f->mark);
    case PROTOCOL:
        return text_starts_nocase(r->protocol, text_z(f->mark)) &&
               (f->mark[0] != 's' || (r->protocol.n && r->protocol.p[0] == 's')) &&
               (f->mark[0] != 'e' || (r->protocol.n && r->protocol.p[0] == 'e'));
    case HOST:
        return text_ends_nocase(r->by, text_z(f->mark));
    case DOTTED:
        return t->by > 1 && t->token[t->by - 1].comment &&
               text_find_nocase(t->token[t->by - 1].text, TEXT(". [")) < t->token[t->by - 1].text.n;
    case VERSION:
        for (size_t i = t->by; i < t->count; i++)
            if (t->token[i].comment && is_version(t->token[i].text))
                return true;
        return false;
    case FROM_WITH:
        for (size_t i = 1; i + 1 < t->count; i++)
            if (text_eq_nocase(t->token[i].text, TEXT("via")) &&
                text_starts_nocase(t->token[i + 1].text, text_z(f->mark)))
                return true;
        return false;
    }
    return false;
}

/* Google writes the brackets of a literal as question marks, Exim an IPv6 literal without "IPv6:". */
static void mend_helo(struct received *r)
{
    struct writer w = writer_on(r->literal, sizeof r->literal);
    struct text h = r->helo;
    struct ip ip;
    if (h.n < 3 || h.n > RECEIVED_HELO_MAX - 8)
        return;
    bool marks = h.p[0] == '?' && h.p[h.n - 1] == '?', brackets = h.p[0] == '[' && h.p[h.n - 1] == ']';
    struct text inner = text_of(h.p + 1, h.n - 2);
    if (marks && received_shapes_ip(inner, &ip))
        writer_printf(&w, "[%.*s]", (int)inner.n, inner.p);
    else if (brackets && strncmp(r->form, "Exim", 4) == 0 && ip_parse(inner, &ip) && ip.v6)
        writer_printf(&w, "[IPv6:%.*s]", (int)inner.n, inner.p);
    if (w.n)
        r->helo = writer_text(&w);
}

/* What never came over the network: no `from`, "with local", a pipe, qmail's queue. */
static bool is_local(const struct received_tokens *t, const struct received *r)
{
    if (!t->count || (t->token[0].comment && text_starts_nocase(t->token[0].text, TEXT("qmail "))) ||
        text_eq_nocase(t->token[0].text, TEXT("by")) || text_starts_nocase(r->protocol, TEXT("local")))
        return true;
    return (t->by == 4 && text_eq_nocase(t->token[1].text, TEXT("mail")) &&
            text_eq_nocase(t->token[2].text, TEXT("pickup")));
}

void received_forms_find(const struct received_tokens *t, struct received *r)
{
    for (size_t i = 0; i + 1 < t->count; i++) /* qmail-scanner: "from a@b by HOST by uid 1005" */
        r->local = r->local || (text_eq_nocase(t->token[i].text, TEXT("by")) &&
                                text_eq_nocase(t->token[i + 1].text, TEXT("uid")));
    if (r->local) {
        r->form = "local";
        return;
    }
    if (!t->regular || received_shapes_comment_alone(t, r))
        return;
    struct remarks remarks;
    find_remarks(t, &remarks);
    r->local = is_local(t, r);
    if (r->local) {
        r->form = "local";
        return;
    }
    if (t->token[0].comment || !text_eq_nocase(t->token[0].text, TEXT("from")) || t->by == t->count)
        return;
    struct received_shape s = {.t = t, .from = 1, .to = t->by};
    for (size_t i = 1; i < t->by; i++) /* "via SMTP" before `by` */
        if (text_eq_nocase(t->token[i].text, TEXT("via")) && !t->token[i].comment)
            s.to = i;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!is_form(&forms[i], t, &remarks, r))
            continue;
        s.verified = forms[i].verified;
        s.after = s.to;
        for (size_t k = 0; k < 4 && forms[i].shapes[k]; k++) {
            if (!forms[i].shapes[k](&s, r))
                continue;
            r->form = forms[i].name;
            for (size_t c = s.after; c < s.to; c++)
                r->authenticated = r->authenticated || received_forms_authenticated(t->token[c].text);
            mend_helo(r);
            return;
        }
    }
}
