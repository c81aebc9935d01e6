#include "core/mail/address_name.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct spelling {
    const char *address;
    const char *name;
    unsigned classes;
    unsigned found;
};

static void check(const struct spelling *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ip ip;
        assert_true(ip_parse(text_z(cases[i].address), &ip));
        struct text name = exact(cases[i].name);
        unsigned found = address_name_find(&ip, name, cases[i].classes);
        if (found != cases[i].found)
            fail_msg("%s in %s: '%s', not '%s'", cases[i].address, cases[i].name, address_name_word(found),
                     address_name_word(cases[i].found));
        exact_free(name);
    }
}

static void address_in_name__spellings_of_ipv4__each_is_of_one_class(void **state)
{
    static const struct spelling cases[] = {
        {"192.0.2.17", "192-0-2-17.dsl.example.net", ADDRESS_ANY, ADDRESS_DASHED},
        {"192.0.2.17", "host192-0-2-17.example.net", ADDRESS_ANY, ADDRESS_DASHED},
        {"192.0.2.17", "outA-192-0-2-17.mail.example.net", ADDRESS_ANY, ADDRESS_DASHED},
        {"192.0.2.17", "192_0_2_17.example.net", ADDRESS_ANY, ADDRESS_DASHED},
        {"192.0.2.17", "192.0.2.17.example.net", ADDRESS_ANY, ADDRESS_DOTTED},
        {"192.0.2.17", "[192.0.2.17]", ADDRESS_ANY, ADDRESS_DOTTED},
        {"192.0.2.17", "17.2.0.192.in-addr.example", ADDRESS_ANY, ADDRESS_REVERSED},
        {"192.0.2.17", "17-2-0-192.example", ADDRESS_ANY, ADDRESS_REVERSED},
        {"203.0.113.250", "2501130203.example", ADDRESS_ANY, ADDRESS_REVERSED},
        {"203.0.113.250", "ip2030113250.example", ADDRESS_ANY, ADDRESS_JOINED},
        {"192.0.2.17", "192-000-002-017.example", ADDRESS_ANY, ADDRESS_PADDED},
        {"192.0.2.17", "ppp192000002017.example", ADDRESS_ANY, ADDRESS_PADDED},
        {"192.0.2.17", "017.002.000.192.example", ADDRESS_ANY, ADDRESS_PADDED},
        {"192.0.2.17", "c0000211.example", ADDRESS_ANY, ADDRESS_HEX},
        {"192.0.2.17", "X-C0000211.example", ADDRESS_ANY, ADDRESS_HEX},
        {"192.0.2.17", "c0-00-02-11.example", ADDRESS_ANY, ADDRESS_HEX},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void address_in_name__spellings_of_ipv6__each_is_of_one_class(void **state)
{
    static const struct spelling cases[] = {
        {"2001:db8::17", "2001-db8--17.example.net", ADDRESS_ANY, ADDRESS_DASHED},
        {"2001:db8::17", "2001-db8-0-0-0-0-0-17.example.net", ADDRESS_ANY, ADDRESS_DASHED},
        {"2001:db8::17", "2001.db8.0.0.0.0.0.17.example.net", ADDRESS_ANY, ADDRESS_DOTTED},
        {"2001:db8::17", "2001-0db8-0000-0000-0000-0000-0000-0017.example", ADDRESS_ANY, ADDRESS_PADDED},
        {"2001:db8::17", "20010db8000000000000000000000017.example", ADDRESS_ANY, ADDRESS_HEX},
        {"2001:db8::17", "7.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.example",
         ADDRESS_ANY, ADDRESS_REVERSED},
        {"2001:db8::17", "71000000000000000000000008bd01002.example", ADDRESS_ANY, 0},
        {"2001:db8::17", "2001-db8--171.example.net", ADDRESS_ANY, 0},
        {"::1", "--1.example", ADDRESS_ANY, 0},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void address_in_name__chance_neighbours_and_other_classes__not_found(void **state)
{
    static const struct spelling cases[] = {
        {"192.0.2.17", "192-0-2-170.example", ADDRESS_ANY, 0},
        {"192.0.2.17", "1192-0-2-17.example", ADDRESS_ANY, 0},
        {"192.0.2.17", "192-0-2-18.example", ADDRESS_ANY, 0},
        {"192.0.2.17", "192-0.2-17.example", ADDRESS_ANY, 0},
        {"192.0.2.17", "1920217.example", ADDRESS_ANY, 0}, /* seven digits */
        {"10.1.1.1", "10111.example", ADDRESS_ANY, 0},
        {"203.0.113.250", "20301132501.example", ADDRESS_ANY, 0},
        {"192.0.2.17", "ac0000211.example", ADDRESS_ANY, 0},
        {"192.0.2.17", "c0000211f.example", ADDRESS_ANY, 0},
        {"192.0.2.17", "mail.example.net", ADDRESS_ANY, 0},
        {"192.0.2.17", "", ADDRESS_ANY, 0},
        {"192.0.2.17", "1-192-0-2-170-192-0-2-17.example", ADDRESS_ANY, ADDRESS_DASHED},
        /* A rule for the rare classes passes over the frequent ones. */
        {"192.0.2.17", "192-0-2-17.example", ADDRESS_ANY & ~ADDRESS_DASHED, 0},
        {"192.168.100.200", "192-168-100-200.example", ADDRESS_PADDED, 0},
        {"11.22.22.11", "11-22-22-11.example", ADDRESS_REVERSED, 0},
        {"192.0.2.17", "192-0-2-17.example", 0, 0},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void address_class__words__bit_and_back(void **state)
{
    (void)state;
    assert_int_equal(address_name_class(TEXT("dashed")), ADDRESS_DASHED);
    assert_int_equal(address_name_class(TEXT("HEX")), ADDRESS_HEX);
    assert_int_equal(address_name_class(TEXT("dash")), 0);
    assert_int_equal(address_name_class(TEXT("")), 0);
    for (unsigned bit = 1; bit < ADDRESS_ANY; bit *= 2)
        assert_int_equal(address_name_class(text_z(address_name_word(bit))), bit);
    assert_string_equal(address_name_word(0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_in_name__spellings_of_ipv4__each_is_of_one_class),
        cmocka_unit_test(address_in_name__spellings_of_ipv6__each_is_of_one_class),
        cmocka_unit_test(address_in_name__chance_neighbours_and_other_classes__not_found),
        cmocka_unit_test(address_class__words__bit_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
