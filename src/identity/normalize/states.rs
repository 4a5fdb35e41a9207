//! States and provinces as addresses there are written: the code, and the names as [`super::place::state`] folds them.
//! Amazon takes the first two characters of a code, so `nsw` is sent as `ns`.

/// The states of a country.
pub(super) struct States {
    /// ISO 3166-1 alpha-2.
    pub(super) country: &'static str,
    /// `code=name|other name`, separated by blanks.
    pub(super) table: &'static str,
    /// The codes in it, with zeros behind: most addresses have one.
    pub(super) codes: &'static [[u8; 3]],
}

const fn count(table: &str) -> usize {
    let (mut bytes, mut count) = (table.as_bytes(), 0);
    while let [byte, rest @ ..] = bytes {
        count += (*byte == b'=') as usize;
        bytes = rest;
    }
    count
}

const fn codes<const N: usize>(table: &str) -> [[u8; 3]; N] {
    let mut codes = [[0; 3]; N];
    let (mut bytes, mut state, mut letter, mut is_code) = (table.as_bytes(), 0, 0, true);
    while let [byte, rest @ ..] = bytes {
        match *byte {
            b'=' => is_code = false,
            b' ' => (state, letter, is_code) = (state + 1, 0, true),
            byte if is_code => {
                #[expect(clippy::indexing_slicing, reason = "done by the compiler")]
                {
                    codes[state][letter] = byte;
                }
                letter += 1;
            }
            _ => {}
        }
        bytes = rest;
    }
    codes
}

macro_rules! states {
    ($(($country:literal, $table:literal),)+) => {
        pub(super) const STATES: &[States] =
            &[$(States { country: $country, table: $table, codes: &codes::<{ count($table) }>($table) }),+];
    };
}

#[rustfmt::skip]
states! {
    (
        "AU",
        "act=australiancapitalterritory nsw=newsouthwales nt=northernterritory qld=queensland sa=southaustralia \
         tas=tasmania vic=victoria wa=westernaustralia"
    ),
    (
        "BR",
        "ac=acre al=alagoas ap=amapa am=amazonas ba=bahia ce=ceara df=distritofederal es=espiritosanto go=goias \
         ma=maranhao mt=matogrosso ms=matogrossodosul mg=minasgerais pa=para pb=paraiba pr=parana pe=pernambuco \
         pi=piaui rj=riodejaneiro rn=riograndedonorte rs=riograndedosul ro=rondonia rr=roraima sc=santacatarina \
         sp=saopaulo se=sergipe to=tocantins"
    ),
    (
        "CA",
        "ab=alberta bc=britishcolumbia mb=manitoba nb=newbrunswick|nouveaubrunswick \
         nl=newfoundlandandlabrador|newfoundlandlabrador|newfoundland ns=novascotia nt=northwestterritories \
         nu=nunavut on=ontario pe=princeedwardisland qc=quebec sk=saskatchewan yt=yukon|yukonterritory"
    ),
    (
        "DE",
        "bw=badenwuerttemberg by=bayern|bavaria be=berlin bb=brandenburg hb=bremen hh=hamburg he=hessen|hesse \
         mv=mecklenburgvorpommern ni=niedersachsen|lowersaxony nw=nordrheinwestfalen|northrhinewestphalia \
         rp=rheinlandpfalz|rhinelandpalatinate sl=saarland sn=sachsen|saxony st=sachsenanhalt|saxonyanhalt \
         sh=schleswigholstein th=thueringen|thuringia"
    ),
    (
        "ES",
        "c=acoruna|lacoruna|coruna vi=alava|araba|arabaalava ab=albacete a=alicante|alacant al=almeria \
         o=asturias|principadodeasturias av=avila ba=badajoz \
         ib=baleares|illesbalears|islasbaleares|balearicislands b=barcelona bu=burgos cc=caceres ca=cadiz \
         s=cantabria cs=castellon|castello ce=ceuta cr=ciudadreal co=cordoba cu=cuenca gi=girona|gerona \
         gr=granada gu=guadalajara ss=gipuzkoa|guipuzcoa h=huelva hu=huesca j=jaen le=leon l=lleida|lerida \
         lo=larioja lu=lugo m=madrid|comunidaddemadrid ma=malaga ml=melilla mu=murcia|regiondemurcia \
         na=navarra|nafarroa|navarre or=ourense|orense p=palencia gc=laspalmas po=pontevedra sa=salamanca \
         tf=santacruzdetenerife|tenerife sg=segovia se=sevilla|seville so=soria t=tarragona te=teruel to=toledo \
         v=valencia va=valladolid bi=bizkaia|vizcaya za=zamora z=zaragoza|saragossa"
    ),
    (
        "IN",
        "an=andamanandnicobarislands ap=andhrapradesh ar=arunachalpradesh as=assam br=bihar ch=chandigarh \
         cg=chhattisgarh dh=dadraandnagarhavelianddamananddiu dl=delhi|newdelhi|nctofdelhi ga=goa gj=gujarat \
         hr=haryana hp=himachalpradesh jk=jammuandkashmir jh=jharkhand ka=karnataka kl=kerala la=ladakh \
         ld=lakshadweep mp=madhyapradesh mh=maharashtra mn=manipur ml=meghalaya mz=mizoram nl=nagaland \
         od=odisha|orissa py=puducherry|pondicherry pb=punjab rj=rajasthan sk=sikkim tn=tamilnadu ts=telangana \
         tr=tripura up=uttarpradesh uk=uttarakhand wb=westbengal"
    ),
    (
        "IT",
        "ag=agrigento al=alessandria an=ancona ao=aosta|valledaosta ap=ascolipiceno aq=laquila ar=arezzo at=asti \
         av=avellino ba=bari bg=bergamo bi=biella bl=belluno bn=benevento bo=bologna br=brindisi bs=brescia \
         bt=barlettaandriatrani bz=bolzano|bozen ca=cagliari cb=campobasso ce=caserta ch=chieti cl=caltanissetta \
         cn=cuneo co=como cr=cremona cs=cosenza ct=catania cz=catanzaro en=enna fc=forlicesena fe=ferrara \
         fg=foggia fi=firenze|florence fm=fermo fr=frosinone ge=genova|genoa go=gorizia gr=grosseto im=imperia \
         is=isernia kr=crotone lc=lecco le=lecce li=livorno lo=lodi lt=latina lu=lucca mb=monzaebrianza|monza \
         mc=macerata me=messina mi=milano|milan mn=mantova|mantua mo=modena ms=massacarrara mt=matera \
         na=napoli|naples no=novara nu=nuoro or=oristano pa=palermo pc=piacenza pd=padova|padua pe=pescara \
         pg=perugia pi=pisa pn=pordenone po=prato pr=parma pt=pistoia pu=pesaroeurbino pv=pavia pz=potenza \
         ra=ravenna rc=reggiocalabria re=reggioemilia rg=ragusa ri=rieti rm=roma|rome rn=rimini ro=rovigo \
         sa=salerno si=siena so=sondrio sp=laspezia sr=siracusa|syracuse ss=sassari su=sudsardegna sv=savona \
         ta=taranto te=teramo tn=trento to=torino|turin tp=trapani tr=terni ts=trieste tv=treviso ud=udine \
         va=varese vb=verbanocusioossola vc=vercelli ve=venezia|venice vi=vicenza vr=verona vt=viterbo \
         vv=vibovalentia"
    ),
    (
        "MX",
        "ag=aguascalientes bc=bajacalifornia bs=bajacaliforniasur cm=campeche cs=chiapas ch=chihuahua \
         co=coahuila|coahuiladezaragoza cl=colima df=ciudaddemexico|distritofederal|mexicocity|cdmx dg=durango \
         gt=guanajuato gr=guerrero hg=hidalgo ja=jalisco em=mexico|estadodemexico|stateofmexico \
         mi=michoacan|michoacandeocampo mo=morelos na=nayarit nl=nuevoleon oa=oaxaca pu=puebla qt=queretaro \
         qr=quintanaroo sl=sanluispotosi si=sinaloa so=sonora tb=tabasco tm=tamaulipas tl=tlaxcala \
         ve=veracruz|veracruzdeignaciodelallave yu=yucatan za=zacatecas"
    ),
    (
        "US",
        "al=alabama ak=alaska az=arizona ar=arkansas ca=california co=colorado ct=connecticut de=delaware \
         dc=districtofcolumbia|washingtondc fl=florida ga=georgia hi=hawaii id=idaho il=illinois in=indiana \
         ia=iowa ks=kansas ky=kentucky la=louisiana me=maine md=maryland ma=massachusetts mi=michigan \
         mn=minnesota ms=mississippi mo=missouri mt=montana ne=nebraska nv=nevada nh=newhampshire nj=newjersey \
         nm=newmexico ny=newyork nc=northcarolina nd=northdakota oh=ohio ok=oklahoma or=oregon pa=pennsylvania \
         ri=rhodeisland sc=southcarolina sd=southdakota tn=tennessee tx=texas ut=utah vt=vermont va=virginia \
         wa=washington wv=westvirginia wi=wisconsin wy=wyoming as=americansamoa gu=guam mp=northernmarianaislands \
         pr=puertorico vi=virginislands|usvirginislands aa=armedforcesamericas ae=armedforceseurope \
         ap=armedforcespacific"
    ),
}
