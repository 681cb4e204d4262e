#include "textflag.h"

// The layout of tables and findings in kernel.go.
#define SLOT 0          // slot: 8 places of lo[2], hi[2] with 16 bytes each
#define KEY 512         // key: 4 places
#define WORD 768        // word: lo, hi
#define WIDE 800        // wide: slotAny, slotStart, keyAny, keyStart of 2×32 bytes each
#define GROUPS 1024     // groups, behind 32 masks of 32 bytes
#define HALVES 5120     // halves: low, then high halves
#define HIGH 2112       // bytes from the low to the high halves

// LOOK leaves in a0 and a1 those groups of half-table at whose classes both halves of the
// byte are: Y8 and Y9 have the halves of bytes 0 to 31, Y10 and Y11 those of 32 to 63.
#define LOOK(at, a0, a1) \
	VBROADCASTI128 at(DI), Y12      \
	VBROADCASTI128 (at+32)(DI), Y13 \
	VPSHUFB        Y8, Y12, Y14     \
	VPSHUFB        Y9, Y13, Y15     \
	VPAND          Y14, Y15, Y14    \
	VPAND          Y14, a0, a0      \
	VPSHUFB        Y10, Y12, Y14    \
	VPSHUFB        Y11, Y13, Y15    \
	VPAND          Y14, Y15, Y14    \
	VPAND          Y14, a1, a1

// LOAD reads the halves of the bytes at place j from each position on.
#define LOAD(j) \
	VMOVDQU j(R10), Y8           \
	VMOVDQU (HIGH+j)(R10), Y9    \
	VMOVDQU (32+j)(R10), Y10     \
	VMOVDQU (HIGH+32+j)(R10), Y11

#define SLOTS(j) \
	LOOK(SLOT+64*j, Y0, Y1) \
	LOOK(SLOT+64*j+16, Y2, Y3)

#define KEYS(j) \
	LOOK(KEY+64*j, Y4, Y5) \
	LOOK(KEY+64*j+16, Y6, Y7)

// NONZERO sets a bit of dst for each position at which one of the groups in mask holds.
#define NONZERO(mask, lo0, lo1, hi0, hi1, dst, tmp) \
	VPAND     (WIDE+mask)(DI), lo0, Y12    \
	VPAND     (WIDE+mask+32)(DI), hi0, Y13 \
	VPOR      Y12, Y13, Y12                \
	VPCMPEQB  Y12, Y15, Y12                \
	VPMOVMSKB Y12, dst                     \
	VPAND     (WIDE+mask)(DI), lo1, Y12    \
	VPAND     (WIDE+mask+32)(DI), hi1, Y13 \
	VPOR      Y12, Y13, Y12                \
	VPCMPEQB  Y12, Y15, Y12                \
	VPMOVMSKB Y12, tmp                     \
	SHLQ      $32, tmp                     \
	ORQ       tmp, dst                     \
	NOTQ      dst

// func avx2(t *tables, v *byte, n int, carry, loose uint64, out *findings) uint64
TEXT ·avx2(SB), NOSPLIT, $0-56
	MOVQ t+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ carry+24(FP), R8
	MOVQ loose+32(FP), R9
	MOVQ out+40(FP), DX

	// Split all bytes into halves first: every place reads them again, one byte on.
	LEAQ         HALVES(DX), R10
	MOVL         $0x0f0f0f0f, AX
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0
	MOVQ         CX, BX
	SHLQ         $1, BX

split:
	VMOVDQU (SI), Y1
	VPAND   Y0, Y1, Y2
	VPSRLW  $4, Y1, Y3
	VPAND   Y0, Y3, Y3
	VMOVDQU Y2, (R10)
	VMOVDQU Y3, HIGH(R10)
	ADDQ    $32, SI
	ADDQ    $32, R10
	DECQ    BX
	JNZ     split
	VMOVQ   (SI), X1
	VPAND   X0, X1, X2
	VPSRLW  $4, X1, X3
	VPAND   X0, X3, X3
	VMOVQ   X2, (R10)
	VMOVQ   X3, HIGH(R10)

	LEAQ HALVES(DX), R10
	LEAQ GROUPS(DX), R11

next:
	VPCMPEQB Y0, Y0, Y0
	VMOVDQA  Y0, Y1
	VMOVDQA  Y0, Y2
	VMOVDQA  Y0, Y3
	VMOVDQA  Y0, Y4
	VMOVDQA  Y0, Y5
	VMOVDQA  Y0, Y6
	VMOVDQA  Y0, Y7
	LOAD(0)

	// Word characters.
	VBROADCASTI128 WORD(DI), Y12
	VBROADCASTI128 (WORD+16)(DI), Y13
	VPSHUFB        Y8, Y12, Y14
	VPSHUFB        Y9, Y13, Y15
	VPAND          Y14, Y15, Y14
	VPSHUFB        Y10, Y12, Y12
	VPSHUFB        Y11, Y13, Y13
	VPAND          Y12, Y13, Y13
	VPXOR          Y15, Y15, Y15
	VPCMPEQB       Y14, Y15, Y14
	VPMOVMSKB      Y14, AX
	VPCMPEQB       Y13, Y15, Y13
	VPMOVMSKB      Y13, BX
	SHLQ           $32, BX
	ORQ            BX, AX
	NOTQ           AX

	// Where words begin: a word character behind none.
	LEAQ (R8)(AX*2), BX
	MOVQ AX, R8
	SHRQ $63, R8
	NOTQ BX
	ANDQ AX, BX
	ORQ  R9, BX
	MOVQ BX, R12

	SLOTS(0)
	KEYS(0)
	LOAD(1)
	SLOTS(1)
	KEYS(1)
	LOAD(2)
	SLOTS(2)
	KEYS(2)
	LOAD(3)
	SLOTS(3)
	KEYS(3)
	LOAD(4)
	SLOTS(4)
	LOAD(5)
	SLOTS(5)
	LOAD(6)
	SLOTS(6)
	LOAD(7)
	SLOTS(7)

	VPXOR   Y15, Y15, Y15
	VMOVDQU Y0, (R11)
	VMOVDQU Y1, 32(R11)
	VMOVDQU Y2, 2048(R11)
	VMOVDQU Y3, 2080(R11)
	NONZERO(0, Y0, Y1, Y2, Y3, AX, BX)
	NONZERO(64, Y0, Y1, Y2, Y3, R13, BX)
	ANDQ    R12, R13
	ORQ     R13, AX
	MOVQ    AX, (DX)
	NONZERO(128, Y4, Y5, Y6, Y7, AX, BX)
	NONZERO(192, Y4, Y5, Y6, Y7, R13, BX)
	ANDQ    R12, R13
	ORQ     R13, AX
	MOVQ    AX, 8(DX)

	// ſ and K are the topmost group of keys.
	VPMOVMSKB Y6, AX
	VPMOVMSKB Y7, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	MOVQ      AX, 16(DX)
	MOVQ      R12, 24(DX)

	ADDQ $32, DX
	ADDQ $64, R10
	ADDQ $64, R11
	DECQ CX
	JNZ  next

	VZEROUPPER
	MOVQ R8, ret+48(FP)
	RET
