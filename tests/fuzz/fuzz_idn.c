/* A domain name in any alphabet, and its form in ASCII. */
#include "core/mail/idn.h"

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct text name = text_of((const char *)data, size);
    char out[IDN_MAX], again[IDN_MAX], room[IDN_MAX];
    bool normal;
    memset(out, 0x55, sizeof out);
    const size_t n = idn_to_ascii(name, out, &normal);
    insist(n <= 253 && (n == 0 || (out[n] == '\0' && idn_is_ascii(text_of(out, n)))));
    insist(n || !normal);
    /* A form in ASCII is its own. */
    if (n)
        insist(idn_to_ascii(text_of(out, n), again, &normal) == n && normal && memcmp(out, again, n) == 0);
    const struct text used = idn_name(name, room);
    insist(used.p == room ? used.n == n : used.p == name.p && used.n == name.n);
    return 0;
}
