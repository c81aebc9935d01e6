/*
 * win32.c - os.h for 32-bit Windows: everything but files. Files are in win32_files.c, shared memory and locks
 * in win32_share.c.
 *
 * Every function used here and there exists since Windows XP and Server 2003, because Mercury runs on old
 * machines. Paths are in the code page of the system (ANSI), as in Mercury.
 */
#include "win32.h"

#include <ntsecapi.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int os_win32_errno(DWORD error)
{
    switch (error) {
    case ERROR_SUCCESS:
        return 0;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
        return ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_NETWORK_ACCESS_DENIED:
    case ERROR_CANNOT_MAKE:
    case ERROR_PRIVILEGE_NOT_HELD:
        return EACCES;
    case ERROR_WRITE_PROTECT:
        return EROFS;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
        return EEXIST;
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_USER_MAPPED_FILE:
    case ERROR_DELETE_PENDING:
    case ERROR_BUSY:
        return EBUSY;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_NO_SYSTEM_RESOURCES:
        return ENOMEM;
    case ERROR_TOO_MANY_OPEN_FILES:
        return EMFILE;
    case ERROR_HANDLE_DISK_FULL:
    case ERROR_DISK_FULL:
        return ENOSPC;
    case ERROR_FILE_TOO_LARGE:
        return EFBIG;
    case ERROR_FILENAME_EXCED_RANGE:
    case ERROR_BUFFER_OVERFLOW:
        return ENAMETOOLONG;
    case ERROR_DIR_NOT_EMPTY:
        return ENOTEMPTY;
    case ERROR_DIRECTORY:
        return ENOTDIR;
    case ERROR_NOT_SAME_DEVICE:
        return EXDEV;
    case ERROR_INVALID_HANDLE:
    case ERROR_INVALID_PARAMETER:
        return EINVAL;
    case ERROR_NOT_SUPPORTED:
    case ERROR_CALL_NOT_IMPLEMENTED:
        return ENOSYS;
    default:
        return EIO;
    }
}

int os_random(void *out, size_t n)
{
    return RtlGenRandom(out, (ULONG)n) ? 0 : EIO;
}

/* In a double-byte code page the second byte may look like a backslash. */
static void turn_slashes(char *path)
{
    for (char *p = path; *p; p++) {
        if (IsDBCSLeadByte((BYTE)*p) && p[1])
            p++;
        else if (*p == '\\')
            *p = '/';
    }
}

/* Uses slashes, which Windows accepts too, so that the engine knows only one separator. Paths with \\?\ keep
 * their backslashes, because Windows does not accept slashes there. */
int os_absolute(const char *path, char *out, size_t cap)
{
    DWORD n = GetFullPathNameA(path, (DWORD)cap, out, NULL);
    if (n == 0)
        return os_win32_errno(GetLastError());
    if (n >= cap)
        return ENAMETOOLONG;
    if (strncmp(out, "\\\\?\\", 4) != 0)
        turn_slashes(out);
    return 0;
}

size_t os_folder_size(const char *path)
{
    size_t n = 0;
    for (size_t i = 0; path[i]; i++) {
        if (IsDBCSLeadByte((BYTE)path[i]) && path[i + 1])
            i++;
        else if (path[i] == '\\' || path[i] == '/' || (path[i] == ':' && i == 1))
            n = i + 1;
    }
    return n;
}

/* Beside the program: Mercury users keep everything in one folder. */
int os_default_config(char *out, size_t cap)
{
    static const char name[] = "gatepost.conf";
    char program[OS_WIN32_PATH];
    DWORD n = GetModuleFileNameA(NULL, program, sizeof program);
    if (n == 0)
        return os_win32_errno(GetLastError());
    if (n >= sizeof program)
        return ENAMETOOLONG;
    size_t folder = os_folder_size(program);
    if (folder + sizeof name > sizeof program)
        return ENAMETOOLONG;
    memcpy(program + folder, name, sizeof name);
    return os_absolute(program, out, cap);
}

/* The folder of the rule file: no other folder is sure to exist. */
const char *os_default_state_dir(void)
{
    return ".";
}

int64_t os_win32_unix_ns(FILETIME t)
{
    const int64_t to_1970 = 116444736000000000; /* from 1601, in units of 100 ns */
    return ((int64_t)((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) - to_1970) * 100;
}

int64_t os_clock(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return os_win32_unix_ns(now) / 1000000000;
}

/* Not GetTickCount(), which starts again after 49 days, and whose successor is missing in Windows XP. */
int64_t os_ticks_ms(void)
{
    LARGE_INTEGER count, second;
    if (!QueryPerformanceFrequency(&second) || second.QuadPart == 0 || !QueryPerformanceCounter(&count))
        return (int64_t)GetTickCount();
    return count.QuadPart / second.QuadPart * 1000 + count.QuadPart % second.QuadPart * 1000 / second.QuadPart;
}

uint64_t os_process(void)
{
    return GetCurrentProcessId();
}

/* An administrator looks into the event log of applications. Without a message file of our own, its viewer
 * adds a note before the line; that does not justify writing into the registry. */
void os_log(const char *line)
{
    HANDLE log = RegisterEventSourceA(NULL, "gatepost");
    if (!log)
        return;
    ReportEventA(log, EVENTLOG_INFORMATION_TYPE, 0, 0, NULL, 1, 0, &line, NULL);
    DeregisterEventSource(log);
}

bool os_may_pass(int error)
{
    /* EBUSY: an editor or a virus scanner has the file open exclusively. */
    return error == ENOMEM || error == EMFILE || error == ENFILE || error == EIO || error == EINTR ||
           error == EBUSY;
}

/* Texts that the C library lacks. */
static const char *reason_of(int error)
{
    switch (error) {
    case EBUSY:
        return "Another program is using it";
    case ELOOP:
        return "Too many levels of symbolic links";
    case EPROTO:
        return "Protocol error";
    case EOVERFLOW:
        return "Value too large for defined data type";
    case EMSGSIZE:
        return "Message too long";
    case EADDRINUSE:
        return "Address already in use";
    case EADDRNOTAVAIL:
        return "Cannot assign requested address";
    case EAFNOSUPPORT:
        return "Address family not supported by protocol";
    case ENETUNREACH:
        return "Network is unreachable";
    case EHOSTUNREACH:
        return "No route to host";
    case ECONNREFUSED:
        return "Connection refused";
    case ECONNRESET:
        return "Connection reset by peer";
    case ECONNABORTED:
        return "Software caused connection abort";
    case ETIMEDOUT:
        return "Connection timed out";
    default:
        return strerror(error); /* its memory is the thread's */
    }
}

const char *os_reason(int error, char *out, size_t cap)
{
    const char *reason = reason_of(error);
    snprintf(out, cap, "%s", reason ? reason : "Unknown error");
    return out;
}

struct os_mutex {
    CRITICAL_SECTION m;
};

struct os_mutex *os_mutex_new(void)
{
    /* The event for waiting threads is made now: on Windows XP, making it later fails with an exception. */
    const DWORD made_now = 0x80000000u, spins = 400;
    struct os_mutex *m = malloc(sizeof *m);
    if (m && !InitializeCriticalSectionAndSpinCount(&m->m, made_now | spins)) {
        free(m);
        m = NULL;
    }
    return m;
}

void os_mutex_lock(struct os_mutex *m)
{
    EnterCriticalSection(&m->m);
}

void os_mutex_unlock(struct os_mutex *m)
{
    LeaveCriticalSection(&m->m);
}

void os_mutex_free(struct os_mutex *m)
{
    if (m) {
        DeleteCriticalSection(&m->m);
        free(m);
    }
}
