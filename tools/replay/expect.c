#include "expect.h"

/* Returns the length of an enhanced code at the front of T ("5.7.1", the last two parts of up to three
 * digits), or 0. */
static size_t enhanced_size(struct text t)
{
    size_t at = 1;
    if (t.n < 5 || (t.p[0] != '2' && t.p[0] != '4' && t.p[0] != '5'))
        return 0;
    for (unsigned part = 0; part < 2; part++) {
        size_t from = at + 1;
        if (at >= t.n || t.p[at] != '.')
            return 0;
        for (at = from; at < t.n && at < from + 3 && is_digit((unsigned char)t.p[at]); at++)
            ;
        if (at == from)
            return 0;
    }
    return at == t.n || t.p[at] == ' ' ? at : 0;
}

struct text expect_split(struct text t, struct text *code, struct text *enhanced)
{
    t = text_trim(t);
    *code = text_of(t.p, t.n < 3 ? t.n : 3);
    t = text_trim(text_skip(t, 3));
    *enhanced = text_of(t.p, enhanced_size(t));
    return text_trim(text_skip(t, enhanced->n));
}

bool expect_holds(struct text expectation, const struct reply *reply)
{
    struct text code;
    struct text enhanced;
    struct text got_code;
    struct text got_enhanced;
    expectation = text_trim(expectation);
    if (text_eq(expectation, TEXT("closed")))
        return reply->closed;
    if (!expectation.n || reply->text.n < 3)
        return false;
    if (expectation.n == 1)
        return expectation.p[0] == reply->text.p[0];
    struct text want = expect_split(expectation, &code, &enhanced);
    struct text got = expect_split(reply->text, &got_code, &got_enhanced);
    if (!text_eq(code, got_code))
        return false;
    if (expectation.n == 3)
        return true;
    return text_eq(want, got) && (!enhanced.n || text_eq(enhanced, got_enhanced));
}
