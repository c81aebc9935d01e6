/* Input: a command line. The same bytes are also used as a bare argument and as an address prefix. */
#include "core/mail/domain.h"
#include "core/mail/ip.h"
#include "core/mail/mailbox.h"

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_in(struct text part, struct text whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_local(struct text local)
{
    char *plain = malloc(local.n);
    if (!plain)
        return;
    size_t n = mailbox_local_plain(local, plain, local.n);
    insist(n <= local.n);
    if (n)
        insist(mailbox_local_plain(local, plain, n - 1) == n);
    free(plain);
}

static void check_domain(struct text domain)
{
    struct ip ip, again;
    if (domain_is_qualified(domain))
        insist(domain_in(domain, domain) && domain_parent(domain).n < domain.n && !ip_parse(domain, &ip));
    if (ip_literal_parse(domain, &ip)) {
        char text[IP_TEXT_MAX];
        size_t n = ip_format(&ip, text);
        insist(ip_parse(text_of(text, n), &again) && ip_eq(&ip, &again));
    }
}

/* The cleaned result must be clean, and must contain an address if one was reported. */
static void check_clean(struct mailbox m)
{
    char *room = malloc(m.address.n + 1);
    if (!room)
        return;
    const struct text whole = m.cfws ? text_of(room, m.address.n) : m.address;
    const bool found = mailbox_clean(&m, room);
    insist(found == (m.null_sender || m.address.n > 0));
    insist(lies_in(m.address, whole) && lies_in(m.local, m.address) && lies_in(m.domain, m.address));
    check_local(m.local);
    check_domain(m.domain);
    free(room);
}

static void check(struct text whole, bool found, const struct mailbox *m)
{
    insist(found == (m->null_sender || m->address.n > 0));
    insist(!m->null_sender || m->address.n == 0);
    insist(lies_in(m->address, whole) && lies_in(m->local, m->address) && lies_in(m->domain, m->address));
    insist(m->local.n + m->domain.n <= m->address.n);
    check_local(m->local);
    check_domain(m->domain);
    check_clean(*m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text t = text_of((const char *)data, size);
    struct mailbox m;
    struct ip_prefix prefix;
    bool found = mailbox_from_command(t, &m);
    check(t, found, &m);
    found = mailbox_parse(t, &m);
    check(t, found, &m);
    if (ip_prefix_parse(t, true, &prefix))
        insist(ip_in(&prefix.ip, &prefix) && prefix.bits <= ip_bits(&prefix.ip));
    return 0;
}
