#include "core/mail/idn.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void idn_to_ascii__names__are_encoded_in_their_usual_form(void **state)
{
    static const struct {
        const char *name, *ascii;
        bool normal;
    } cases[] = {
        {"example.com", "example.com", true},
        {"EXAMPLE.com", "example.com", true},
        {"bücher.example", "xn--bcher-kva.example", true},
        {".bücher.example", ".xn--bcher-kva.example", true},
        {"bücher.example.", "xn--bcher-kva.example.", true},
        {"münchen.de", "xn--mnchen-3ya.de", true},
        {"пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f", true},
        {"例え.テスト", "xn--r8jz45g.xn--zckzah", true},
        {"ñandú.cl", "xn--and-6ma2c.cl", true},
        {"faß.de", "xn--fa-hia.de", true},
        {"ελλάδα.gr", "xn--hxakic4aa.gr", true},
        {"😀.example", "xn--e28h.example", true},
        {"ab.żółw.pl", "ab.xn--w-uga1v8h.pl", true},
        /* RFC 3492 section 7.1, (A) to (C) and (L) */
        {"ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn", true},
        {"他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye", true},
        {"他們爲什麽不說中文", "xn--ihqwctvzc91f659drss3x8bo0yb", true},
        {"3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b", true},
        /* other spellings of the same */
        {"BÜCHER.example", "xn--bcher-kva.example", false},
        {"Bücher.example", "xn--bcher-kva.example", true}, /* ASCII letters may be of either case */
        {"bu\xcc\x88"
         "cher.example",
         "xn--bcher-kva.example", false},
        {"BU\xcc\x88"
         "CHER.example",
         "xn--bcher-kva.example", false},
        {"b\xc2\xad"
         "ücher.example",
         "xn--bcher-kva.example", false},
        {"bücher。example", "xn--bcher-kva.example", false},
        {"ｂücher．example", "xn--bcher-kva.example", false},
        {"ＢÜＣher｡example", "xn--bcher-kva.example", false},
        {"ПРИМЕР.Испытание", "xn--e1afmkfd.xn--80akhbyknj4f", false},
        {"ΕΛΛΆΔΑ.gr", "xn--hxakic4aa.gr", false},
        {"ŻÓŁW.pl", "xn--w-uga1v8h.pl", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[IDN_MAX];
        bool normal;
        struct text name = exact(cases[i].name);
        const size_t n = idn_to_ascii(name, out, &normal);
        if (n != strlen(cases[i].ascii) || strcmp(out, cases[i].ascii) != 0 || normal != cases[i].normal)
            fail_msg("'%s' is '%s', %s", cases[i].name, out, normal ? "as it is written" : "written otherwise");
        exact_free(name);
    }
}

static void idn_to_ascii__what_is_no_name__has_none(void **state)
{
    static const char *const cases[] = {
        "",
        "\xfc.example",             /* Latin-1 */
        "\xc3",                     /* cut */
        "x\xe2\x82",                /* cut */
        "\xc0\xaf.example",         /* overlong */
        "\xc1\xbc.example",         /* overlong */
        "\xe0\x80\xaf.example",     /* overlong */
        "\xe0\x9f\xbf.example",     /* overlong */
        "\xf0\x80\x80\xaf.example", /* overlong */
        "\xed\xa0\x80.example",     /* half of a surrogate pair */
        "\xed\xbf\xbf.example",
        "\xf4\x90\x80\x80.example", /* beyond U+10FFFF */
        "\xf8\x88\x80\x80\x80.example",
        "\xff\xfe.example",
        "\x80.example",
        "bü\x80.example",
        "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü.example", /* 64 letters */
        "0123456789012345678901234567890123456789012345678901234567890123.example", /* 64 bytes */
        "ü2345678901234567890123456789012345678901234567890123456789.example",      /* longer than 63 as xn-- */
    };
    char many[600], out[IDN_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text name = exact(cases[i]);
        if (idn_to_ascii(name, out, NULL) != 0)
            fail_msg("'%s' is '%s'", cases[i], out);
        exact_free(name);
    }
    for (size_t i = 0; i < sizeof many; i += 3)
        memcpy(many + i, "ü.", 3);
    assert_int_equal(idn_to_ascii(text_of(many, sizeof many), out, NULL), 0); /* more than 253 bytes */
    assert_int_equal(idn_to_ascii(text_of(NULL, 0), out, NULL), 0);
}

static void idn_name__without_a_form__stays_as_it_is(void **state)
{
    char room[IDN_MAX];
    const struct text bad = TEXT("\xc0\xaf.example"), plain = TEXT("Mail.Example.com");
    (void)state;
    assert_ptr_equal(idn_name(bad, room).p, bad.p);
    assert_ptr_equal(idn_name(plain, room).p, plain.p);
    assert_true(text_eq(idn_name(TEXT("bücher.example"), room), TEXT("xn--bcher-kva.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idn_to_ascii__names__are_encoded_in_their_usual_form),
        cmocka_unit_test(idn_to_ascii__what_is_no_name__has_none),
        cmocka_unit_test(idn_name__without_a_form__stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
