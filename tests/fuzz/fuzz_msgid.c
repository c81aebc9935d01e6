/* Input: any bytes as the value of a Message-ID field, in every mode. */
#include "core/mail/header.h"
#include "core/mail/msgid.h"

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether each line end is followed by a blank, so that unfolding keeps the meaning. */
static bool is_folded_well(struct text t)
{
    for (size_t i = text_find(t, 0, '\n'); i < t.n; i = text_find(t, i + 1, '\n'))
        if (i + 1 == t.n || !is_blank((unsigned char)t.p[i + 1]))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text value = text_of((const char *)data, size);
    bool rfc = msgid_is_valid(value, MSGID_RFC), word = msgid_is_valid(value, MSGID_WORD);
    insist(!msgid_is_valid(value, MSGID_STRICT) || rfc);
    insist(!word || !rfc);
    insist(!word || !msgid_is_valid(value, MSGID_SENDMAIL));
    if (rfc) {
        insist(text_find(value, 0, '<') < size && text_find(value, 0, '@') < size &&
               text_find(value, 0, '>') < size);
        insist(text_trim(value).n >= 5);
    }
    char *memory = malloc(size);
    if (size && memory && is_folded_well(value)) {
        memcpy(memory, data, size);
        struct text unfolded = text_of(memory, header_unfold(memory, size));
        for (unsigned mode = MSGID_RFC; mode <= MSGID_STRICT; mode++)
            insist(msgid_is_valid(unfolded, (enum msgid_mode)mode) ==
                   msgid_is_valid(value, (enum msgid_mode)mode));
    }
    free(memory);
    return 0;
}
