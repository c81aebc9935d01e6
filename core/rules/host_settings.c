#include "host_settings.h"

#include "core/base/scan.h"

const struct host_setting host_settings[HOST_SETTINGS] = {
    {"mercury-resolve", "yes no", "yes", false},
    {"mercury-connect", "connect connect2", "connect2", false},
    {"mercury-fail-at", "helo mail rcpt data message", "mail rcpt", true},
    {"mercury-header", "both lines list", "both", false},
    {"mercury-exempt", "yes no", "yes", false},
    {"mercury-crlf", "no yes", "no", false},
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
                          struct text *wrong)
{
    size_t n = 0, count = 0;
    *wrong = text_of(NULL, 0);
    for (struct text word = scan_word(&value); word.n; word = scan_word(&value)) {
        if (!is_one_of(word, h->words) || n + word.n + 1 > cap) {
            *wrong = word;
            return SIZE_MAX;
        }
        if (count++)
            out[n++] = ' ';
        for (size_t i = 0; i < word.n; i++)
            out[n++] = (char)fold((unsigned char)word.p[i]);
    }
    return h->is_list || count == 1 ? n : SIZE_MAX;
}
