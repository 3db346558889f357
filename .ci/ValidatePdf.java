import java.io.FileInputStream;
import java.util.List;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/** ValidatePdf FILE…: says of each what breaks PDF/A-2a or PDF/UA-1 by veraPDF, and exits 1 when something does. */
class ValidatePdf {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        var broken = false;
        for (var file : files) {
            for (var flavour : List.of(PDFAFlavour.PDFA_2_A, PDFAFlavour.PDFUA_1)) {
                try (var pdf = Foundries.defaultInstance().createParser(new FileInputStream(file), flavour);
                        var validator = Foundries.defaultInstance().createValidator(flavour, false)) {
                    var result = validator.validate(pdf);
                    System.out.printf("%s: %s, %d checks, %s%n", file, flavour, result.getTotalAssertions(),
                            result.isCompliant() ? "compliant" : "not compliant");
                    broken |= !result.isCompliant();
                    for (var check : result.getTestAssertions()) {
                        if (check.getStatus() != TestAssertion.Status.FAILED) continue;
                        System.out.printf("    %s-%d: %s, at %s%n", check.getRuleId().getClause(),
                                check.getRuleId().getTestNumber(), check.getMessage(), check.getLocation().getContext());
                    }
                }
            }
        }
        System.exit(broken ? 1 : 0);
    }
}
