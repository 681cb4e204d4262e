#include "textflag.h"
#include "chunk_amd64.h"

// The layout of avx2Tables in avx2.go, and of findings in kernel.go.
#define KEYCODE 256     // keyCode: 4 rows of folded bytes, 8 of those outside ASCII
#define SLOT 448        // slot: 8 places of 2 planes of 32 bytes, 16 for each half of the codes
#define KEY 960         // key: 4 places of 3 planes
#define HEAD 1344       // head: 4 places
#define ANY 1472        // any: 32 bytes for each plane
#define UPPER 1088      // bytes from codes to those that look up the second half
#define KEYS 2176       // bytes from codes for slots to those for keys

DATA upper<>+0(SB)/8, $0x8080808080808080
DATA upper<>+8(SB)/8, $0x8080808080808080
DATA upper<>+16(SB)/8, $0x8080808080808080
DATA upper<>+24(SB)/8, $0x8080808080808080
GLOBL upper<>(SB), RODATA|NOPTR, $32

DATA sixteens<>+0(SB)/8, $0x1010101010101010
DATA sixteens<>+8(SB)/8, $0x1010101010101010
DATA sixteens<>+16(SB)/8, $0x1010101010101010
DATA sixteens<>+24(SB)/8, $0x1010101010101010
GLOBL sixteens<>(SB), RODATA|NOPTR, $32

DATA gap<>+0(SB)/8, $0x3030303030303030
DATA gap<>+8(SB)/8, $0x3030303030303030
DATA gap<>+16(SB)/8, $0x3030303030303030
DATA gap<>+24(SB)/8, $0x3030303030303030
GLOBL gap<>(SB), RODATA|NOPTR, $32

DATA folding<>+0(SB)/4, $0x84e2bfc5
GLOBL folding<>(SB), RODATA|NOPTR, $4

DATA fold<>+0(SB)/8, $0x2020202020202020
DATA fold<>+8(SB)/8, $0x2020202020202020
DATA fold<>+16(SB)/8, $0x2020202020202020
DATA fold<>+24(SB)/8, $0x2020202020202020
GLOBL fold<>(SB), RODATA|NOPTR, $32

// LOAD reads the codes of the bytes at place j from each position on: Y8 and Y9 have those of
// bytes 0 to 31 for the first and for the second half, Y10 and Y11 those of 32 to 63.
#define LOAD(j) \
	VMOVDQU j(R10), Y8         \
	VMOVDQU (UPPER+j)(R10), Y9 \
	VMOVDQU (32+j)(R10), Y10   \
	VMOVDQU (UPPER+32+j)(R10), Y11

// LOOK leaves in a0 and a1 the groups of a plane whose classes have the byte.
#define LOOK(at, a0, a1) \
	VBROADCASTI128 at(DI), Y12      \
	VBROADCASTI128 (at+16)(DI), Y13 \
	VPSHUFB        Y8, Y12, Y14     \
	VPSHUFB        Y9, Y13, Y15     \
	VPSHUFB        Y10, Y12, Y12    \
	VPSHUFB        Y11, Y13, Y13    \
	VPOR           Y14, Y15, a0     \
	VPOR           Y12, Y13, a1

// KEEP keeps of a0 and a1 what a plane has for the byte.
#define KEEP(at, a0, a1) \
	LOOK(at, Y14, Y15) \
	VPAND Y14, a0, a0  \
	VPAND Y15, a1, a1

// SLOTS keeps what two planes of slots have at place j, in Y0 to Y3.
#define SLOTS(j) \
	LOAD(j)                 \
	KEEP(SLOT+64*j, Y0, Y1) \
	KEEP(SLOT+64*j+32, Y2, Y3)

// HEADS keeps what three planes of keys have at place j, in Y0 to Y5, and in Y6 and Y7 those that
// count only where a word begins.
#define HEADS(j) \
	LOAD(KEYS+j)              \
	KEEP(KEY+96*j, Y0, Y1)    \
	KEEP(KEY+96*j+32, Y2, Y3) \
	KEEP(KEY+96*j+64, Y4, Y5) \
	KEEP(HEAD+32*j, Y6, Y7)

// BITS sets a bit of dst for each zero byte of a and b. Y15 is zero.
#define BITS(a, b, dst, tmp) \
	VPCMPEQB  a, Y15, Y12 \
	VPMOVMSKB Y12, dst    \
	VPCMPEQB  b, Y15, Y13 \
	VPMOVMSKB Y13, tmp    \
	SHLQ      $32, tmp    \
	ORQ       tmp, dst

// ROW adds more to the indexes in Y3 and looks one more row up.
#define ROW(more, at, code) \
	VBROADCASTI128 at(DI), Y4   \
	VPADDUSB       more, Y3, Y3 \
	VPSHUFB        Y3, Y4, Y4   \
	VPXOR          Y4, code, code

// ENCODE makes codes of the bytes in Y1, in Y2 for slots and in Y6 for keys. The tables have a row
// for each upper half of a byte. A look-up gives 0 where the index is 128 or more, and at first
// the index is the byte, so that row 7 is looked up for all bytes of ASCII; 16 more, and row 6 is
// for all but those of row 7. What rows have in front of them is in the table: a byte's code is
// what it and all rows behind it have, one xor the other. Y9 to Y15 are rows 1 to 7 for slots, the
// first of which serves row 0 too, Y0 has 16s; for keys there are only the rows 2, 3, 6 and 7, of
// which Y8 is the last. Other rows need be asked only if there are other bytes.
#define ENCODE(ascii) \
	VPSHUFB   Y1, Y15, Y2                \
	VPADDUSB  Y0, Y1, Y3                 \
	VPSHUFB   Y3, Y14, Y4                \
	VPADDUSB  Y0, Y3, Y3                 \
	VPSHUFB   Y3, Y13, Y5                \
	VPADDUSB  Y0, Y3, Y3                 \
	VPXOR     Y4, Y2, Y2                 \
	VPSHUFB   Y3, Y12, Y6                \
	VPADDUSB  Y0, Y3, Y3                 \
	VPXOR     Y5, Y6, Y5                 \
	VPSHUFB   Y3, Y11, Y7                \
	VPADDUSB  Y0, Y3, Y3                 \
	VPXOR     Y5, Y2, Y2                 \
	VPSHUFB   Y3, Y10, Y4                \
	VPADDUSB  Y0, Y3, Y3                 \
	VPXOR     Y7, Y4, Y4                 \
	VPSHUFB   Y3, Y9, Y5                 \
	VPXOR     Y4, Y2, Y2                 \
	VPXOR     Y5, Y2, Y2                 \
	VPOR      fold<>(SB), Y1, Y3         \
	VPSHUFB   Y3, Y8, Y6                 \
	ROW(Y0, KEYCODE+32, Y6)              \
	ROW(gap<>(SB), KEYCODE+16, Y6)       \
	ROW(Y0, KEYCODE, Y6)                 \
	VPMOVMSKB Y1, AX                     \
	TESTL     AX, AX                     \
	JZ        ascii                      \
	VPXOR     upper<>(SB), Y1, Y3        \
	OTHERS(240, KEYCODE+176)             \
	VPADDUSB  Y0, Y3, Y3                 \
	OTHERS(224, KEYCODE+160)             \
	VPADDUSB  Y0, Y3, Y3                 \
	OTHERS(208, KEYCODE+144)             \
	VPADDUSB  Y0, Y3, Y3                 \
	OTHERS(192, KEYCODE+128)             \
	VPADDUSB  Y0, Y3, Y3                 \
	OTHERS(176, KEYCODE+112)             \
	VPADDUSB  Y0, Y3, Y3                 \
	OTHERS(160, KEYCODE+96)              \
	VPADDUSB  Y0, Y3, Y3                 \
	OTHERS(144, KEYCODE+80)              \
	VPADDUSB  Y0, Y3, Y3                 \
	OTHERS(128, KEYCODE+64)

// OTHERS looks the bytes outside ASCII in Y3 up in a row for slots and in one for keys.
#define OTHERS(slot, key) \
	VBROADCASTI128 slot(DI), Y4  \
	VBROADCASTI128 (key)(DI), Y5 \
	VPSHUFB        Y3, Y4, Y4    \
	VPSHUFB        Y3, Y5, Y5    \
	VPXOR          Y4, Y2, Y2    \
	VPXOR          Y5, Y6, Y6

// FOLDS sets a bit of AX for each ſ and K that begins in Y1, the bytes at SI.
#define FOLDS \
	VPBROADCASTB folding<>+0(SB), Y3 \
	VPBROADCASTB folding<>+1(SB), Y4 \
	VPCMPEQB     Y1, Y3, Y3          \
	VPCMPEQB     1(SI), Y4, Y4       \
	VPAND        Y3, Y4, Y5          \
	VPBROADCASTB folding<>+2(SB), Y3 \
	VPBROADCASTB folding<>+3(SB), Y4 \
	VPCMPEQB     Y1, Y3, Y3          \
	VPCMPEQB     1(SI), Y4, Y4       \
	VPAND        Y3, Y4, Y4          \
	VPOR         Y4, Y5, Y5          \
	VPMOVMSKB    Y5, AX

// WRITE writes the codes, and those for the second half.
#define WRITE \
	VMOVDQU Y2, (R10)           \
	VPXOR   upper<>(SB), Y2, Y2 \
	VMOVDQU Y2, UPPER(R10)      \
	VMOVDQU Y6, KEYS(R10)       \
	VPXOR   upper<>(SB), Y6, Y6 \
	VMOVDQU Y6, (KEYS+UPPER)(R10)

// func avx2(t *avx2Tables, v *byte, n int, carry, loose uint64, out *findings) uint64
TEXT ·avx2(SB), NOSPLIT, $0-56
	ARGUMENTS

chunk:
	TAKE_CHUNK(few)

few:
	LEAVE_CHUNK

	// Codes of all bytes first: every place reads them again, one byte on.
	FIRST_CODE
	VBROADCASTI128 (KEYCODE+48)(DI), Y8
	VBROADCASTI128 16(DI), Y9
	VBROADCASTI128 32(DI), Y10
	VBROADCASTI128 48(DI), Y11
	VBROADCASTI128 64(DI), Y12
	VBROADCASTI128 80(DI), Y13
	VBROADCASTI128 96(DI), Y14
	VBROADCASTI128 112(DI), Y15
	VMOVDQU        sixteens<>(SB), Y0
	MOVQ           CX, BX
	SHLQ           $1, BX
	LEAQ           16(DX), R11 // folds of the masks
	MOVQ           $4, R12     // to the next half of them

encode:
	VMOVDQU (SI), Y1
	ENCODE(ascii)
	FOLDS

ascii:
	MOVL AX, (R11)
	ADDQ R12, R11
	XORQ $24, R12
	WRITE
	ADDQ $32, SI
	ADDQ $32, R10
	DECQ BX
	JNZ  encode
	VMOVQ (SI), X1
	ENCODE(rest)

rest:
	WRITE
	FIRST_CODE

next:
	LOAD(0)

	// Word characters.
	VPADDB    Y8, Y8, Y12
	VPADDB    Y10, Y10, Y13
	VPMOVMSKB Y12, AX
	VPMOVMSKB Y13, BX
	SHLQ      $32, BX
	ORQ       BX, AX

	STARTS
	MOVQ R12, 24(DX)

	LOOK(SLOT, Y0, Y1)
	LOOK(SLOT+32, Y2, Y3)
	SLOTS(1)
	SLOTS(2)
	SLOTS(3)
	SLOTS(4)
	SLOTS(5)
	SLOTS(6)
	SLOTS(7)

	// All groups count where a word begins, and some anywhere.
	VPOR  Y0, Y2, Y4
	VPOR  Y1, Y3, Y5
	VPAND ANY(DI), Y0, Y0
	VPAND ANY(DI), Y1, Y1
	VPAND (ANY+32)(DI), Y2, Y2
	VPAND (ANY+32)(DI), Y3, Y3
	VPOR  Y0, Y2, Y0
	VPOR  Y1, Y3, Y1
	VPXOR Y15, Y15, Y15
	BITS(Y4, Y5, AX, BX)
	NOTQ  AX
	ANDQ  R12, AX
	BITS(Y0, Y1, R13, BX)
	NOTQ  R13
	ORQ   AX, R13
	MOVQ  R13, (DX)

	LOAD(KEYS)
	LOOK(KEY, Y0, Y1)
	LOOK(KEY+32, Y2, Y3)
	LOOK(KEY+64, Y4, Y5)
	LOOK(HEAD, Y6, Y7)
	HEADS(1)
	HEADS(2)
	HEADS(3)

	VPOR  Y0, Y2, Y0
	VPOR  Y4, Y0, Y0
	VPOR  Y1, Y3, Y1
	VPOR  Y5, Y1, Y1
	VPXOR Y15, Y15, Y15
	BITS(Y6, Y7, AX, BX)
	NOTQ  AX
	ANDQ  R12, AX
	BITS(Y0, Y1, R13, BX)
	NOTQ  R13
	ORQ   R13, AX
	MOVQ  AX, 8(DX)

	ADDQ $32, DX
	ADDQ $64, R10
	DECQ CX
	JNZ  next
	CMPQ n+16(FP), $0
	JG   chunk

	VZEROUPPER
	MOVQ R8, ret+48(FP)
	RET
