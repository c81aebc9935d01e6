#include "host_settings.h"

#include "core/base/scan.h"

const struct host_setting host_settings[HOST_SETTINGS] = {
    {"mercury-resolve", "yes no", "yes", false, NULL},
    {"mercury-connect", "connect connect2", "connect2", false, NULL},
    {"mercury-fail-at", "helo mail rcpt data message", "mail rcpt", true, NULL},
    {"mercury-header", "lines", "lines", false, "both list"},
    {"mercury-exempt", "blessed compliance no", "blessed", false, "yes"},
    {"mercury-crlf", "no yes", "no", false, NULL},
};

unsigned host_settings_find(struct text name)
{
    unsigned i = 0;
    while (i < HOST_SETTINGS && !text_eq_nocase(name, text_z(host_settings[i].name)))
        i++;
    return i;
}

static bool is_one_of(struct text word, const char *words)
{
    struct text rest = text_z(words);
    for (struct text known = scan_word(&rest); known.n; known = scan_word(&rest))
        if (text_eq_nocase(word, known))
            return true;
    return false;
}

size_t host_settings_take(const struct host_setting *h, struct text value, char *out, size_t cap,
                          struct text *odd)
{
    size_t n = 0, count = 0;
    *odd = text_of(NULL, 0);
    for (struct text word = scan_word(&value); word.n; word = scan_word(&value)) {
        struct text kept = word;
        if (h->former && is_one_of(word, h->former)) {
            *odd = word;
            kept = text_z(h->by_default);
        } else if (!is_one_of(word, h->words)) {
            *odd = word;
            return SIZE_MAX;
        }
        if (n + kept.n + 1 > cap) {
            *odd = word;
            return SIZE_MAX;
        }
        if (count++)
            out[n++] = ' ';
        for (size_t i = 0; i < kept.n; i++)
            out[n++] = (char)fold((unsigned char)kept.p[i]);
    }
    if (h->is_list || count == 1)
        return n;
    *odd = text_of(NULL, 0);
    return SIZE_MAX;
}
