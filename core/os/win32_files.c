/*
 * win32_files.c - os.h for 32-bit Windows: whole files are read, replaced, renamed.
 *
 * A mapped file can be neither overwritten nor deleted on Windows, and `copy` over it fails with a cryptic
 * message. So os_map() reads into memory: an administrator replaces a table like any other file, even by
 * overwriting it. The engine sees one whole file, or a damaged one, which it does not use. In a 32-bit process
 * a mapping would need the same room.
 *
 * Only the state files stay mapped. A file that replaces one of them (blocks resize) must handle this: the old
 * one is renamed first, which Windows allows.
 */
#include "win32.h"

#include <winternl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* FILE_BASIC_INFORMATION, which some versions of winternl.h lack. */
struct basic_information {
    LARGE_INTEGER created, accessed, written, changed;
    ULONG attributes;
};

enum { FILE_BASIC_INFORMATION_CLASS = 4 };

/*
 * Windows has a time of the last change of any attribute of a file, as POSIX has, but only
 * NtQueryInformationFile() returns it, at least in XP. FAT has none: there the time of creation is used, which
 * distinguishes a file from its replacement.
 */
static int64_t change_time(HANDLE file, FILETIME created)
{
    IO_STATUS_BLOCK status;
    struct basic_information basic;
    FILETIME changed;
    if (NtQueryInformationFile(file, &status, &basic, sizeof basic,
                               (FILE_INFORMATION_CLASS)FILE_BASIC_INFORMATION_CLASS) < 0 ||
        basic.changed.QuadPart == 0)
        return os_win32_unix_ns(created);
    changed.dwLowDateTime = basic.changed.LowPart;
    changed.dwHighDateTime = (DWORD)basic.changed.HighPart;
    return os_win32_unix_ns(changed);
}

/* Returns 0 or errno. ATTRIBUTES gets FILE_ATTRIBUTE_… */
static int identify(HANDLE file, struct file_id *id, DWORD *attributes)
{
    BY_HANDLE_FILE_INFORMATION about;
    if (!GetFileInformationByHandle(file, &about))
        return os_win32_errno(GetLastError());
    *id = (struct file_id){
        .device = about.dwVolumeSerialNumber,
        .inode = (uint64_t)about.nFileIndexHigh << 32 | about.nFileIndexLow,
        .size = (uint64_t)about.nFileSizeHigh << 32 | about.nFileSizeLow,
        .mtime_ns = os_win32_unix_ns(about.ftLastWriteTime),
        .ctime_ns = change_time(file, about.ftCreationTime),
    };
    *attributes = about.dwFileAttributes;
    return 0;
}

/* Whether an old file exists beside PATH under one of the names that move_aside() gives. */
static bool has_old_one(const char *path)
{
    char names[OS_WIN32_PATH];
    WIN32_FIND_DATAA found;
    int n = snprintf(names, sizeof names, "%s.old*", path);
    if (n < 0 || (size_t)n >= sizeof names)
        return false;
    HANDLE search = FindFirstFileA(names, &found);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    FindClose(search);
    return true;
}

/*
 * move_over() renames the old file before the new one gets its name, so for a moment there is none. A missing
 * file is therefore looked for again, until it exists, or it was missing several times with no old one beside
 * it, or some milliseconds have passed.
 */
static HANDLE open_existing(const char *path, DWORD want, DWORD flags)
{
    enum { ALONE = 4, MOST_MS = 30 };
    int64_t begun = 0;
    for (unsigned tries = 0, alone = 0;; tries++) {
        HANDLE file = os_win32_create_file(path, want, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                           NULL, OPEN_EXISTING, flags, NULL);
        DWORD error = file == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
        bool over = error != ERROR_FILE_NOT_FOUND;
        if (!over) {
            int64_t now = os_ticks_ms();
            begun = tries ? begun : now;
            alone += !has_old_one(path);
            over = alone == ALONE || now - begun > MOST_MS;
        }
        if (over) {
            SetLastError(error);
            return file;
        }
        Sleep(alone ? 0 : 1);
    }
}

int os_file_id(const char *path, struct file_id *out)
{
    DWORD attributes = 0;
    *out = (struct file_id){0};
    /* Folders can be opened only with that flag. */
    HANDLE file = open_existing(path, FILE_READ_ATTRIBUTES, FILE_FLAG_BACKUP_SEMANTICS);
    if (file == INVALID_HANDLE_VALUE)
        return os_win32_errno(GetLastError());
    int error = identify(file, out, &attributes);
    CloseHandle(file);
    if (error)
        *out = (struct file_id){0};
    return error;
}

int os_win32_open(const char *path, DWORD want, bool no_link, HANDLE *file, struct file_id *id)
{
    DWORD attributes = 0;
    *file = open_existing(path, want, no_link ? FILE_FLAG_OPEN_REPARSE_POINT : 0);
    if (*file == INVALID_HANDLE_VALUE) {
        int error = os_win32_errno(GetLastError());
        DWORD is = os_win32_attributes(path);
        return is != INVALID_FILE_ATTRIBUTES && is & FILE_ATTRIBUTE_DIRECTORY ? EINVAL : error;
    }
    /* A pipe or a device must not hang the MTA. */
    int error = GetFileType(*file) == FILE_TYPE_DISK ? identify(*file, id, &attributes) : EINVAL;
    if (!error && attributes & FILE_ATTRIBUTE_DIRECTORY)
        error = EINVAL;
    if (!error && no_link && attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        error = ELOOP;
    if (error)
        CloseHandle(*file);
    return error;
}

/* Reads until N bytes have arrived or the file ends. Returns 0 or errno. */
static int read_all(HANDLE file, char *p, size_t n, size_t *got)
{
    const DWORD most = 1u << 24;
    *got = 0;
    while (*got < n) {
        DWORD now = 0;
        if (!ReadFile(file, p + *got, n - *got < most ? (DWORD)(n - *got) : most, &now, NULL))
            return os_win32_errno(GetLastError());
        if (now == 0)
            break;
        *got += now;
    }
    return 0;
}

static int read_map(HANDLE file, struct file_map *out)
{
    size_t got = 0;
    DWORD before;
    if (out->id.size > SIZE_MAX / 2)
        return EFBIG;
    size_t size = (size_t)out->id.size;
    if (size == 0)
        return 0;
    char *p = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!p)
        return ENOMEM;
    int error = read_all(file, p, size, &got);
    if (!error && !VirtualProtect(p, size, PAGE_READONLY, &before))
        error = os_win32_errno(GetLastError());
    if (error || got == 0) {
        VirtualFree(p, 0, MEM_RELEASE);
        return error;
    }
    out->p = (const unsigned char *)p;
    out->size = got;
    return 0;
}

int os_map(const char *path, bool ahead, struct file_map *out)
{
    HANDLE file;
    (void)ahead;
    *out = (struct file_map){.p = NULL};
    int error = os_win32_open(path, GENERIC_READ, false, &file, &out->id);
    if (!error) {
        error = read_map(file, out);
        CloseHandle(file);
    }
    if (error)
        *out = (struct file_map){.p = NULL};
    return error;
}

/* Here os_map() reads into memory as it is. */
int os_map_ours(const char *path, bool ahead, struct file_map *out)
{
    return os_map(path, ahead, out);
}

void os_unmap(struct file_map *map)
{
    if (map->p)
        VirtualFree((void *)(uintptr_t)map->p, 0, MEM_RELEASE);
    *map = (struct file_map){.p = NULL};
}

int os_read(const char *path, size_t ceiling, char **bytes, size_t *size, struct file_id *id)
{
    HANDLE file;
    *id = (struct file_id){0};
    int error = os_win32_open(path, GENERIC_READ, false, &file, id);
    if (error)
        return error;
    char *p = id->size > ceiling ? NULL : malloc((size_t)id->size + 1);
    if (!p)
        error = id->size > ceiling ? EFBIG : ENOMEM;
    else
        error = read_all(file, p, (size_t)id->size + 1, size);
    CloseHandle(file);
    if (error)
        free(p);
    else
        *bytes = p;
    return error;
}

int os_win32_beside(const char *path, char beside[OS_WIN32_PATH], HANDLE *file)
{
    uint64_t any;
    int error = os_random(&any, sizeof any);
    if (error)
        return error;
    int n = snprintf(beside, OS_WIN32_PATH, "%s.%06x", path, (unsigned)(any & 0xffffff));
    if (n < 0 || n >= OS_WIN32_PATH)
        return ENAMETOOLONG;
    *file = os_win32_create_file(beside, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW,
                                 FILE_ATTRIBUTE_NORMAL, NULL);
    return *file == INVALID_HANDLE_VALUE ? os_win32_errno(GetLastError()) : 0;
}

int os_win32_write(HANDLE file, const void *bytes, size_t n)
{
    const DWORD most = 1u << 24;
    const unsigned char *p = bytes;
    while (n) {
        DWORD written = 0;
        if (!WriteFile(file, p, n < most ? (DWORD)n : most, &written, NULL))
            return os_win32_errno(GetLastError());
        if (written == 0)
            return EIO;
        p += written;
        n -= written;
    }
    return 0;
}

/* The errors of moving a file over one that is open or mapped. */
static bool is_in_use(DWORD error)
{
    return error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION ||
           error == ERROR_USER_MAPPED_FILE || error == ERROR_LOCK_VIOLATION;
}

/*
 * Renames the file at PATH to PATH.old or PATH.old1 and so on, with the name in ASIDE. Such names are free
 * again when no process uses the file, and the next call removes them. Returns 0, or a code of GetLastError().
 */
static DWORD move_aside(const char *path, char *aside, size_t cap)
{
    enum { NAMES = 8 };
    DWORD error = ERROR_ALREADY_EXISTS;
    for (unsigned i = 0; i < NAMES && error == ERROR_ALREADY_EXISTS; i++) {
        char number[12] = "";
        if (i)
            snprintf(number, sizeof number, "%u", i);
        int n = snprintf(aside, cap, "%s.old%s", path, number);
        if (n < 0 || (size_t)n >= cap)
            return ERROR_BUFFER_OVERFLOW;
        os_win32_delete(aside);
        error = os_win32_move(path, aside, 0) ? ERROR_SUCCESS : GetLastError();
    }
    return error;
}

static bool is_plain_file(const char *path)
{
    DWORD is = os_win32_attributes(path);
    return is != INVALID_FILE_ATTRIBUTES && !(is & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_READONLY));
}

/* Returns 0 or errno. Others may put a file there meanwhile: then it tries again. */
static int move_over(const char *from, const char *to)
{
    char aside[OS_WIN32_PATH];
    DWORD error = 0;
    for (unsigned tries = 0; tries < 3; tries++) {
        if (os_win32_move(from, to, MOVEFILE_REPLACE_EXISTING))
            return 0;
        error = GetLastError();
        if (!is_in_use(error) || !is_plain_file(to))
            break;
        DWORD stays = move_aside(to, aside, sizeof aside);
        if (stays) {
            /* Of the two errors this one explains the failure. */
            error = stays == ERROR_SHARING_VIOLATION ? stays : error;
            break;
        }
        if (os_win32_move(from, to, 0)) {
            os_win32_delete(aside); /* if no process has it mapped any more */
            return 0;
        }
        error = GetLastError();
        os_win32_move(aside, to, 0);
    }
    return os_win32_errno(error);
}

static int replace(const char *path, const void *bytes, size_t n, const struct file_id *keep_time)
{
    char beside[OS_WIN32_PATH];
    HANDLE file;
    int error = os_win32_beside(path, beside, &file);
    if (error)
        return error;
    error = os_win32_write(file, bytes, n);
    if (!error && keep_time) {
        const uint64_t t = (uint64_t)(keep_time->mtime_ns / 100) + 116444736000000000u;
        const FILETIME written = {.dwLowDateTime = (DWORD)t, .dwHighDateTime = (DWORD)(t >> 32)};
        if (!SetFileTime(file, NULL, NULL, &written))
            error = os_win32_errno(GetLastError());
    }
    if (!CloseHandle(file) && !error)
        error = os_win32_errno(GetLastError());
    if (!error)
        error = move_over(beside, path);
    if (error)
        os_win32_delete(beside);
    return error;
}

/* The access rights of the new file are inherited from its folder. */
int os_replace(const char *path, const void *bytes, size_t n)
{
    return replace(path, bytes, n, NULL);
}

/* One process writes here, so the copy is made at once. */
int os_copy_on(const char *path, const struct file_map *from, size_t piece)
{
    (void)piece;
    return replace(path, from->p, from->size, &from->id);
}

/* Remains are named as in os_win32_beside(). */
void os_sweep(const char *path, unsigned seconds)
{
    char pattern[OS_WIN32_PATH];
    const size_t size = os_folder_size(path);
    WIN32_FIND_DATAA found;
    FILETIME system;
    int n = snprintf(pattern, sizeof pattern, "%s.??????", path);
    HANDLE search = n > 0 && n < OS_WIN32_PATH ? FindFirstFileA(pattern, &found) : INVALID_HANDLE_VALUE;
    if (search == INVALID_HANDLE_VALUE)
        return;
    GetSystemTimeAsFileTime(&system);
    const uint64_t now = (uint64_t)system.dwHighDateTime << 32 | system.dwLowDateTime;
    do {
        const FILETIME t = found.ftLastWriteTime;
        const uint64_t written = (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
        n = snprintf(pattern, sizeof pattern, "%.*s%s", (int)size, path, found.cFileName);
        const size_t end = strlen(found.cFileName);
        if (n > 0 && n < OS_WIN32_PATH && now - written >= (uint64_t)seconds * 10000000 &&
            strspn(found.cFileName + (end < 6 ? 0 : end - 6), "0123456789abcdef") == 6)
            os_win32_delete(pattern);
    } while (FindNextFileA(search, &found));
    FindClose(search);
}

int os_rename(const char *from, const char *to)
{
    return move_over(from, to);
}

int os_remove(const char *path)
{
    return os_win32_delete(path) ? 0 : os_win32_errno(GetLastError());
}
