/* SipHash-1-3 beside a second writing of it, straight from the paper, and beside what others publish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/siphash.h"

/* Bytes 00 01 ... 0f, as all published vectors have it. */
static const struct siphash_key counting = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static void turn(uint64_t *x, unsigned bits)
{
    *x = *x << bits | *x >> (64 - bits);
}

/* Figure 2.1 of the paper, from top to bottom. */
static void rounds(uint64_t v[4], unsigned n)
{
    while (n--) {
        v[0] += v[1];
        v[2] += v[3];
        turn(&v[1], 13);
        turn(&v[3], 16);
        v[1] ^= v[0];
        v[3] ^= v[2];
        turn(&v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        turn(&v[1], 17);
        turn(&v[3], 21);
        v[1] ^= v[2];
        v[3] ^= v[0];
        turn(&v[2], 32);
    }
}

/* SipHash-C-D of N bytes: padded in memory, then word after word. */
static uint64_t slow(unsigned c, unsigned d, const struct siphash_key *key, const unsigned char *p, size_t n)
{
    const char start[] =
        "uespemosmodnarodarenegylsetybdet"; /* "somepseudorandomlygeneratedbytes", little-endian */
    unsigned char padded[256] = {0};
    uint64_t v[4] = {0};
    for (size_t i = 0; i < 32; i++)
        v[i / 8] |= (uint64_t)(unsigned char)start[i] << 8 * (i % 8);
    v[0] ^= key->k0;
    v[1] ^= key->k1;
    v[2] ^= key->k0;
    v[3] ^= key->k1;
    memcpy(padded, p, n);
    size_t words = n / 8 + 1;
    padded[words * 8 - 1] = (unsigned char)n;
    for (size_t w = 0; w < words; w++) {
        uint64_t m = 0;
        for (size_t i = 8; i-- > 0;)
            m = m << 8 | padded[w * 8 + i];
        v[3] ^= m;
        rounds(v, c);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void siphash__every_length__as_the_second_writing(void **state)
{
    (void)state;
    unsigned char bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    /* The second writing itself, by the example in the paper's appendix A. */
    assert_true(slow(2, 4, &counting, bytes, 15) == 0xa129ca6149be45e5u);
    for (size_t n = 0; n < sizeof bytes; n++) {
        unsigned char *own = malloc(n ? n : 1); /* a sanitizer sees a read too far */
        assert_non_null(own);
        memcpy(own, bytes, n);
        assert_true(siphash(&counting, own, n) == slow(1, 3, &counting, bytes, n));
        free(own);
    }
}

static void siphash_words_and_17__same_bytes__same_hash(void **state)
{
    (void)state;
    const struct siphash_key key = {0x0123456789abcdefu, 0xfedcba9876543210u};
    const uint64_t words[3] = {0x1122334455667788u, UINT64_MAX, 0x99aabbccddeeff00u};
    unsigned char bytes[24];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(words[i / 8] >> 8 * (i % 8));
    for (size_t n = 0; n <= 3; n++)
        assert_true(siphash_words(&key, words, n) == slow(1, 3, &key, bytes, n * 8));
    assert_true(siphash_17(&key, words[0], words[1], 0x00) == slow(1, 3, &key, bytes, 17));
    bytes[16] = 0xfe;
    assert_true(siphash_17(&key, words[0], words[1], 0xfe) == slow(1, 3, &key, bytes, 17));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash__every_length__as_the_second_writing),
        cmocka_unit_test(siphash_words_and_17__same_bytes__same_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
